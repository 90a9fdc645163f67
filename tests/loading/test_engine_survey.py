"""`ganzoo info REF --engines`: what was measured for one kind of work counts for all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tiny_models import translator

from ganzoo.inference.workload import KINDS, Workload
from ganzoo.loading import engine_survey


def test_what_a_video_had_converted_counts_for_an_image_too(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    class Model:
        card = translator().card

        def __init__(self, work: Workload) -> None:
            self.work = work

        @property
        def engine(self) -> str:
            measured.append("openvino" if self.work == KINDS["video"] else "torch")
            return measured[-1]

    monkeypatch.setattr(engine_survey, "load", lambda ref, device, work, **_: Model(work))
    fastest = SimpleNamespace(fastest_anew=lambda *_: "openvino" if "openvino" in measured else "torch")
    fastest.known = lambda *_: None
    monkeypatch.setattr(engine_survey, "engine_timing", fastest)
    rows = engine_survey.survey("dir:t", "cpu", log=print)
    assert {row.engine: row.auto for row in rows if row.auto} == {"openvino": "image, folder, video"}
