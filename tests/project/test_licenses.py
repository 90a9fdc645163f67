"""The check of licenses refuses GPL, non-commercial and unknown ones, and follows extras."""

from __future__ import annotations

import pytest
from conftest import script

licenses = script("licenses")


@pytest.mark.parametrize(
    "found",
    [
        ["MIT"],
        ["BSD License"],
        ["Apache-2.0 AND BSD-3-Clause"],
        ["GPL-2.0-only OR MIT"],
        ["GNU Lesser General Public License v2 or later (LGPLv2+)"],
        ["Mozilla Public License 2.0 (MPL 2.0)"],
    ],
)
def test_licenses_for_commerce_are_accepted(found: list[str]) -> None:
    assert licenses.refusal("some-package", found) == ""


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (["GPL-3.0-only"], "refused"),
        (["GNU General Public License v3 (GPLv3)"], "refused"),
        (["GNU Affero General Public License v3"], "refused"),
        (["MIT", "GPL-2.0"], "refused"),
        (["CC-BY-NC-4.0"], "refused"),
        (["MIT for non-commercial use"], "refused"),
        (["Some terms of our own"], "not known"),
        ([], "no license"),
    ],
)
def test_others_are_refused(found: list[str], reason: str) -> None:
    assert reason in licenses.refusal("some-package", found)


def test_packages_of_an_extra_and_what_they_need_are_found() -> None:
    core, missing = licenses.needed(set())
    assert not missing and {"torch", "numpy", "jinja2", "markupsafe"} <= set(core), "markupsafe is needed by jinja2"
    with_video, _ = licenses.needed({"video"})
    assert set(with_video) - set(core) == {"av"}
    assert licenses.gpl_libraries(with_video["av"]) in ([], ["x264", "x265"])


def test_all_that_the_extras_bring_is_free_for_commerce() -> None:
    packages, _ = licenses.needed({"tensorboard", "webdataset", "eval", "openvino", "onnx", "video", "cluster", "demo"})
    refused = {name: licenses.refusal(name, licenses.texts(package)) for name, package in packages.items()}
    assert {name: reason for name, reason in refused.items() if reason} == {}
