"""Which engine "auto" takes: the one that finishes first by what was measured, once for a model, size and machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_models import translator
from torch import nn

import ganzoo
from ganzoo.cards.card import Card, Weights
from ganzoo.contracts.engine import Engine, Runner, Signature
from ganzoo.inference import conversions, engine_selection, engine_timing, running
from ganzoo.inference.engine_selection import Choice
from ganzoo.inference.engine_timing import Speeds, Timing
from ganzoo.inference.workload import KINDS, UNKNOWN, Workload
from ganzoo.loading.model import Model

SLOW_START = {"openvino": (2.0, 0.1), "onnxruntime": (0.5, 0.3), "torch": (1.5, 1.0), "compile": (30.0, 0.01)}
SLOW_START["winograd"] = (2.5, 0.9)
WEIGHED = ["torch", "winograd", "openvino", "onnxruntime"]  # those that convert nothing come first


@pytest.fixture
def choices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Choice]:
    """All engines, none of them measured, in a process that has not imported torch."""
    monkeypatch.delenv(engine_selection.VARIABLE)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(engine_timing, "_torch_is_imported", lambda: False)
    return engine_selection.choose("auto", "cpu")


@pytest.fixture
def card() -> Card:
    return replace(translator().card, weights=Weights("model.safetensors", "ab" * 32, 9), image_size=512)


def timer(
    seconds: Mapping[str, tuple[float, float] | None], asked: list[tuple[str, int]]
) -> Callable[[Choice, int], Timing | None]:
    """Return what measures engines: these (start, image) seconds; it notes what it is asked for."""

    def measure(choice: Choice, side: int) -> Timing | None:
        asked.append((choice.name, side))
        found = seconds[choice.name]
        return Timing(*found) if found else None

    return measure


@pytest.mark.parametrize(
    ("images", "first"), [(1, "onnxruntime"), (7, "onnxruntime"), (8, "openvino"), (1000, "openvino")]
)
def test_start_and_images_together_decide(choices: list[Choice], card: Card, images: int, first: str) -> None:
    ranked = engine_timing.fastest_first(choices, card, Workload(images), timer(SLOW_START, []))
    costs = [SLOW_START[choice.name][0] + images * SLOW_START[choice.name][1] for choice in ranked]
    assert ranked[0].name == first and costs == sorted(costs)
    assert "compile" not in [choice.name for choice in ranked], "images of any size would be compiled again and again"


def test_torch_that_is_imported_already_has_started(
    choices: list[Choice], card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {**SLOW_START, "torch": (100.0, 0.2)}
    Speeds(imports={"torch": 99.9}).write()
    first = engine_timing.fastest_first(choices, card, Workload(1), timer(seconds, []))[0]
    monkeypatch.setattr(engine_timing, "_torch_is_imported", lambda: True)
    again = engine_timing.fastest_first(choices, card, Workload(1), timer(seconds, []))[0]
    assert (first.name, again.name) == ("onnxruntime", "torch")
    seconds["torch"] = (101.0, 0.2)  # more than its import
    other = replace(card, weights=Weights("model.safetensors", "cd" * 32, 9))
    assert engine_timing.fastest_first(choices, other, Workload(1), timer(seconds, []))[0].name == "onnxruntime"
    assert engine_timing.fastest_anew(choices, card, Workload(1)) == "onnxruntime"


def test_each_engine_is_measured_once_for_a_size(choices: list[Choice], card: Card) -> None:
    asked: list[tuple[str, int]] = []
    for work in (KINDS["image"], KINDS["folder"], Workload(3, side=512)):
        engine_timing.fastest_first(choices, card, work, timer(SLOW_START, asked))
    assert asked == [(name, 512) for name in WEIGHED], "the model was trained at 512 pixels"
    engine_timing.fastest_first(choices, card, Workload(3, side=4000), timer(SLOW_START, asked))
    assert asked[4:] == [(name, 1024) for name in WEIGHED]
    other = replace(card, weights=Weights("model.safetensors", "cd" * 32, 9))
    engine_timing.fastest_first(choices, other, KINDS["image"], timer(SLOW_START, asked))
    assert len(asked) == 12


def test_compiling_is_tried_for_long_videos_only(choices: list[Choice], card: Card) -> None:
    short, long = replace(KINDS["video"], images=100), KINDS["video"]
    for work, tried in ((KINDS["folder"], False), (short, False), (long, True)):
        asked: list[tuple[str, int]] = []
        ranked = engine_timing.fastest_first(choices, card, work, timer(SLOW_START, asked))
        assert (("compile", 512) in asked, ranked[0].name == "compile") == (tried, tried)


def test_a_slow_network_is_not_converted_for_less_work_than_that_takes(choices: list[Choice], card: Card) -> None:
    seconds = {**SLOW_START, "torch": (1.5, 20.0), "winograd": (2.5, 16.0)}  # 37 s for what a comparison computes
    for images, tried in ((1, False), (2, False), (3, True), (1, False)):  # the last: its conversion is gone
        asked: list[tuple[str, int]] = []
        ranked = engine_timing.fastest_first(choices, card, Workload(images), timer(seconds, asked))
        assert ("openvino" in [choice.name for choice in ranked], ranked[0].name == "winograd") == (tried, not tried)
        assert (("openvino", 512) in asked) == (images == 3)


def test_nor_is_it_where_nobody_said_how_much_work_there_is(choices: list[Choice], card: Card) -> None:
    seconds = {**SLOW_START, "torch": (1.5, 20.0), "winograd": (2.5, 16.0)}
    ranked = engine_timing.fastest_first(choices, card, UNKNOWN, timer(seconds, []))
    assert [choice.name for choice in ranked] == ["winograd", "torch"]
    other = replace(card, weights=Weights("model.safetensors", "cd" * 32, 9))
    quick = engine_timing.fastest_first(choices, other, UNKNOWN, timer(SLOW_START, []))
    assert quick[0].name == "openvino", "a hundred images are assumed where an engine is chosen"


def test_a_conversion_in_the_cache_competes_for_one_image_too(choices: list[Choice], card: Card) -> None:
    openvino = choices[0]
    folder = conversions.place(card, openvino.name, openvino.engine, openvino.dtype)
    folder.mkdir(parents=True)
    (folder / conversions.FACTS).write_text("{}")
    seconds = {**SLOW_START, "torch": (1.5, 20.0), "winograd": (2.5, 16.0)}
    ranked = engine_timing.fastest_first(choices, card, Workload(1), timer(seconds, []))
    assert [choice.name for choice in ranked] == ["openvino", "winograd", "torch"]


def test_a_slow_network_is_measured_on_a_smaller_image(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sides = [0.0], []
    monkeypatch.setattr(conversions.time, "perf_counter", lambda: clock[0])

    def run(image: np.ndarray) -> np.ndarray:
        sides.append(image.shape[-1])
        clock[0] += image.shape[-1] ** 2 * 1e-4 + {1: 2, 3: 3}.get(len(sides), 0)  # the first of each size warms up
        return image

    first, later = engine_timing.time_runner(run, Signature(3, stride=4), 1000)
    assert sides[:3] == [64, 64, 124] and set(sides[3:]) == {124}, "12544 pixels take 1.5 s, four times as many 6 s"
    assert first == pytest.approx(2 + 3) and later == pytest.approx(100, rel=0.02)
    sides.clear()
    assert engine_timing.time_runner(run, Signature(3), 64)[1] == pytest.approx(64**2 * 1e-4)
    sides.clear()
    engine_timing.time_runner(run, Signature(3), 1000, shrink=False)
    assert set(sides) == {1000}, "torch.compile starts anew for each size"


def test_an_engine_that_refuses_comes_last_and_is_asked_again(choices: list[Choice], card: Card) -> None:
    asked: list[tuple[str, int]] = []
    for _ in range(2):
        ranked = engine_timing.fastest_first(
            choices, card, KINDS["image"], timer({**SLOW_START, "onnxruntime": None}, asked)
        )
        assert [choice.name for choice in ranked] == ["openvino", "torch", "winograd", "onnxruntime"]
    assert asked.count(("onnxruntime", 512)) == 2 and asked.count(("torch", 512)) == 1


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"engines": {"a": 1}, "imports": {}}', '{"engines": 5, "imports": 6}']
)
def test_a_damaged_file_is_measured_anew(choices: list[Choice], card: Card, content: str) -> None:
    engine_timing._file().parent.mkdir(parents=True)
    engine_timing._file().write_text(content)
    asked: list[tuple[str, int]] = []
    engine_timing.fastest_first(choices, card, KINDS["image"], timer(SLOW_START, asked))
    assert len(asked) == 4 and len(Speeds.read().engines) == 4


def test_nothing_is_measured_where_nothing_is_chosen(choices: list[Choice], card: Card) -> None:
    def never(choice: Choice, side: int) -> Timing:
        raise AssertionError(f"{choice.name} was measured")

    one = engine_selection.choose("onnxruntime", "cpu")
    assert engine_timing.fastest_first(one, card, KINDS["image"], never) == one
    half = engine_selection.choose("auto", "cpu", "bfloat16")
    assert [choice.name for choice in engine_timing.fastest_first(half, card, KINDS["image"], never)] == [
        "openvino",
        "torch",
    ]
    unknown = replace(card, weights=None, parameters=5)
    ranked = engine_timing.fastest_first(choices, unknown, KINDS["image"], never)
    assert [choice.name for choice in ranked] == ["openvino", "onnxruntime", "torch", "winograd"], "by rank"


def test_imports_are_timed_once_in_a_process_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    assert 0 < engine_timing.import_seconds(["html"]) < 60
    assert engine_timing.import_seconds(["no_such_package"]) == 0
    speeds = Speeds.read()
    assert set(speeds.imports) == {"html", "no_such_package"}
    speeds.imports["html"] = 7.0
    speeds.write()
    assert engine_timing.import_seconds(["html", "no_such_package"]) == 7.0


class Opened(Engine):
    """Runs the network that it keeps; ``ast`` stands for what only converting takes."""

    torch_free, packages = True, ("html", "ast")
    network: nn.Module

    def version(self) -> str:
        return "1"

    def convert(self, generator: nn.Module, *_: object) -> None:
        self.network = generator

    def open(self, folder: Path, dtype: str) -> Runner:
        return conversions.original(self.network)


def test_what_only_converting_imports_is_no_part_of_a_start(choices: list[Choice], tmp_path: Path) -> None:
    translator().save(tmp_path / "t")
    torch = next(choice for choice in choices if choice.name == "torch")
    pair = [Choice("opened", Opened(), "float32", "cpu", ""), torch]
    card = ganzoo.info(f"dir:{tmp_path / 't'}")
    assert Model(translator().generator, card, choices=pair).engine in ("opened", "torch")
    assert set(Speeds.read().imports) == {"html", "torch"}


def test_the_import_of_torch_is_counted_once(
    choices: list[Choice], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first engine that is measured imports torch and reads the weights: that is no part of its own start."""
    translator().save(tmp_path / "t")
    card, clock = ganzoo.info(f"dir:{tmp_path / 't'}"), [0.0]
    Speeds(imports={"torch": 7.0}).write()
    monkeypatch.setattr(running.time, "perf_counter", lambda: clock[0])

    def slow_at_first() -> nn.Module:
        clock[0] = 100.0  # whenever it is asked again, nothing is added
        return translator().generator

    torch = next(choice for choice in choices if choice.name == "torch")
    twice = [Choice(name, torch.engine, "float32", "cpu", "") for name in ("torch", "again")]
    running.start(twice, card, slow_at_first, lambda _: [], print, KINDS["image"])
    assert [timing.start for timing in Speeds.read().engines.values()] == [7.0, 7.0]
