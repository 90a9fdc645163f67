"""Numbers that nobody can mean are refused before any work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import picture
from tiny_models import maker, translator

from ganzoo.batch.jobs import Job, Work
from ganzoo.batch.run import do
from ganzoo.cli.main import cli
from ganzoo.cli.memory_sizes import Bytes, Pixels
from ganzoo.errors import OptionError
from ganzoo.inference import working_size
from ganzoo.inference.image_pass import Settings


def test_a_billion_images_are_not_made() -> None:
    for count in (10**9, int("9" * 400)):
        with pytest.raises(OptionError, match=r"generated images would take .* raise the limit: GANZOO_MAX_IMAGES"):
            maker().generate(count)


@pytest.mark.parametrize("text", ["9" * 400, "9" * 19, "nan", "-1", "0", "1e99", "x" * 10**6, "\u0664GB"])
def test_limits_of_400_digits_are_no_sizes(text: str) -> None:
    from click import BadParameter

    for kind in (Bytes(), Pixels()):
        with pytest.raises(BadParameter) as raised:
            kind.convert(text, None, None)
        assert "is not a size" in str(raised.value) and len(str(raised.value)) < 200


@pytest.mark.parametrize("size", [int("9" * 400), 10**7, "9" * 300])
def test_a_working_size_has_an_end(size: Any) -> None:
    with pytest.raises(OptionError, match="it should be at most 1000000 pixels"):
        working_size.check(size)


def test_a_working_size_past_the_limit_of_pixels_is_refused(tmp_path: Path) -> None:
    picture(64, 48).save(tmp_path / "a.png")
    job = Job(str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    for size, limit in (("20000", 0), ("1500", 10**6)):
        outcome = do(Work("tiny", {}, Settings(size), max_pixels=limit), translator(), job)
        assert "more than the limit of" in outcome.error and "raise the limit: --max-pixels" in outcome.error
    assert not (tmp_path / "b.png").exists()
    assert do(Work("tiny", {}, Settings("96"), max_pixels=20_000), translator(), job).error == ""


def test_nan_is_no_smoothing_factor(tmp_path: Path) -> None:
    translator().save(tmp_path / "t")
    picture(20, 20).save(tmp_path / "a.png")
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    arguments = ["translate", f"dir:{tmp_path / 't'}", paths[0], "-o", paths[1], "--temporal-smoothing", "nan"]
    done = CliRunner().invoke(cli, arguments)
    assert isinstance(done.exception, OptionError) and "A temporal smoothing of nan is not valid" in str(done.exception)
    assert not os.path.exists(paths[1])


def test_names_of_300_characters_are_refused_in_words(ganzoo_command: Callable[..., Any], tmp_path: Path) -> None:
    done = ganzoo_command("train", "dcgan", "x" * 300, "-o", "run", cwd=tmp_path)
    assert done.returncode == 1 and "File name too long. Check the path." in done.stderr
    assert "unexpected" not in done.stderr
