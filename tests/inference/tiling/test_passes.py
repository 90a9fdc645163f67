"""What is planned: passes, stores and strips."""

from __future__ import annotations

from typing import Any

import pytest

import ganzoo
from ganzoo.inference.tiling import timelines
from ganzoo.inference.tiling.passes import Planner, Speeds, plan_passes
from ganzoo.inference.tiling.strips import Strips
from ganzoo.inference.tiling.timelines import Timeline

HEIGHT, WIDTH = 96, 160
NETWORKS = [
    ("generator:resnet", {"width": 4, "blocks": 2}),
    ("generator:resnet", {"width": 4, "blocks": 2, "norm": "batch"}),
    ("generator:unet", {"width": 4, "image_size": 32, "norm": "instance"}),
]


def planner(spec: str, options: dict[str, Any], speeds: Speeds | None = None) -> Planner:
    strips = Strips(ganzoo.build(spec, **options))
    return Planner(strips._graph, strips._shapes(HEIGHT, WIDTH), speeds or Speeds())


@pytest.mark.parametrize("count", [1, 3, 7, 96])
@pytest.mark.parametrize(("spec", "options"), NETWORKS)
def test_strips_make_each_row_once_and_have_what_they_need(spec: str, options: dict[str, Any], count: int) -> None:
    ours = planner(spec, options)
    for one in ours.fastest(200_000).passes:
        made, carried = dict.fromkeys(one.order, 0), dict.fromkeys(one.order, 0)
        for strip in Timeline(ours.graph, ours.shapes, one, count).strips():
            for place, (first, last) in strip.computed.items():
                assert made[place] == first < last
                made[place] = last
            for place in strip.computed.keys() - one.read:
                step = ours.graph.steps[place]
                for source in step.inputs:
                    low, high = step.operation.input_rows(*strip.computed[place], ours.shapes[source].height)
                    assert carried[source] <= low and high <= made[source]
            for place, over in one.written.items():
                assert over is None or made[place] <= made[over]
            carried = strip.carried
        assert all(made[place] == ours.shapes[place].height for place in (*one.targets, *one.written))


def test_a_residual_sum_takes_the_place_of_the_one_before() -> None:
    ours = planner(*NETWORKS[0])
    plan = ours.fastest(float("inf"))
    written = {place: over for one in plan.passes for place, over in one.written.items()}
    sums = [place for place in plan.kinds if len(ours.graph.steps[place].inputs) == 2]
    assert sums and all(written[place] is not None for place in sums)
    assert max(plan.memory) < sum(ours.shapes[place].size for place in plan.kinds)


def test_what_is_quick_to_compute_is_computed_again_where_moving_it_is_slow() -> None:
    slow = planner(*NETWORKS[0], Speeds(memory=1e6, file=1e6)).fastest(float("inf"))
    quick = planner(*NETWORKS[0], Speeds(operations=1e10, file=1e7)).fastest(float("inf"))
    assert slow.kinds.keys() < quick.kinds.keys() and set(quick.kinds.values()) == {"memory"}
    assert set(planner(*NETWORKS[0], Speeds(operations=1e6)).fastest(0).kinds.values()) == {"file"}


def test_thinner_strips_hold_less() -> None:
    strips = Strips(ganzoo.build("generator:unet", width=4, image_size=32))
    shapes = strips._shapes(HEIGHT, WIDTH)
    (one,) = Planner(strips._graph, shapes, Speeds()).fastest(0).passes
    peaks = [Timeline(strips._graph, shapes, one, count).peak for count in (1, 4, 16, 96)]
    assert peaks == sorted(peaks, reverse=True) and peaks[0] > 3 * peaks[-1]
    for memory in (peaks[0], 200_000):
        plan, timelines = plan_passes(strips._graph, shapes, memory, "cpu")
        assert max(held + one.peak for held, one in zip(plan.memory, timelines, strict=True)) <= memory


@pytest.mark.parametrize(("spec", "options"), NETWORKS)
def test_the_peak_of_many_strips_is_found_by_looking_at_some(spec: str, options: dict[str, Any]) -> None:
    strips = Strips(ganzoo.build(spec, **options))
    shapes = strips._shapes(1600, 32)
    for one in Planner(strips._graph, shapes, Speeds()).fastest(200_000).passes:
        timeline = Timeline(strips._graph, shapes, one, 800)
        looked: list[int] = []
        whole = timeline._peak_of
        timeline._peak_of = lambda number, whole=whole, looked=looked: looked.append(number) or whole(number)  # type: ignore[method-assign]
        spare = timelines.UNUSED * max(shapes[place].size for place in one.order) // 800
        assert timeline.peak == pytest.approx(whole(800) + spare, rel=0.05) and max(looked) <= 400


def test_a_long_network_of_shared_results_is_one_pass_in_strips_of_several_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(timelines.STRIP, "cpu", 100_000)
    hyperparameters = {"num_filters": 8, "num_blocks": 7}
    strips = Strips(
        ganzoo.build("generator:spandrel", architecture="ESRGAN", network="RRDBNet", hyperparameters=hyperparameters)
    )
    shapes = strips._shapes(400, 600)
    assert len(strips._graph.steps) > timelines.LONG
    plan, (timeline,) = plan_passes(strips._graph, shapes, 10**9, "cpu")
    assert len(plan.passes) == 1 and timeline.count == 400 // timelines.ROWS


def test_sections_end_where_least_must_be_stored() -> None:
    """Between two blocks, of whose many results only the sum goes on, and the first layer's output for the end."""
    esrgan = {"num_filters": 8, "num_blocks": 7}
    ours = planner("generator:spandrel", {"architecture": "ESRGAN", "network": "RRDBNet", "hyperparameters": esrgan})
    plan = ours.sections(4)
    features = HEIGHT * WIDTH * 8 * 4
    assert len(plan.passes) == 4 and set(plan.kinds.values()) == {"file"} and max(plan.memory) == 0
    assert max(plan.file) == 2 * features < max(ours.smallest().file) / 5
    steps = [len(one.order) - len(one.read) for one in plan.passes]
    (whole,) = ours.fastest(0).passes
    assert sum(steps) == len(whole.order) - len(whole.read), "no step is computed twice"
    assert max(steps) < sum(steps) / 2
