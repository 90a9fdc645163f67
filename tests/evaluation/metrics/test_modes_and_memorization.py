"""Collapse, memorization and vanishing classes: known generators are distinguished, healthy ones raise no alarm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ganzoo.contracts.metric import Diagnosis
from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.class_balance import compare_classes as compare_balance
from ganzoo.evaluation.metrics.memorization import find_memorized
from ganzoo.evaluation.metrics.modes import compare_classes, compare_clusters
from ganzoo.evaluation.statistics.moments import Array

PLACES = 10
CLASSES = [f"class {number}" for number in range(PLACES)]


def images(count: int, seed: int, *, width: int = 24, places: int = PLACES, spread: float = 1.0) -> Array:
    """Return features of ``places`` modes among ten, equally often."""
    random = np.random.default_rng(seed)
    corners = np.random.default_rng(77).normal(0, 2, (PLACES, width))[:places]
    return (corners[random.integers(places, size=count)] + spread * random.normal(size=(count, width))).astype(
        np.float32
    )


def alarms(findings: list[Diagnosis]) -> bool:
    return any(diagnosis.alarm for diagnosis in findings)


def healthy(seed: int) -> Array:
    return images(1000, 1000 + seed)


def collapsed(seed: int) -> Array:
    return images(1000, 1000 + seed, places=3)


def repeating(seed: int) -> Array:
    return images(1000, 1000 + seed, spread=0.1)


def copying(seed: int) -> Array:
    train, random = images(1500, seed), np.random.default_rng(seed)
    return train[random.integers(1500, size=1000)] + random.normal(0, 0.05, (1000, 24)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("generator", "has_collapsed", "has_copied"),
    [(healthy, False, False), (collapsed, True, False), (repeating, True, False), (copying, False, True)],
)
def test_generators_are_reported_apart(
    generator: Callable[[int], Array], has_collapsed: bool, has_copied: bool, seed: int
) -> None:
    fake, train, held_out = generator(seed), images(1500, seed), images(700, 500 + seed)
    assert alarms(compare_clusters(fake, train, seed=seed).diagnoses) is has_collapsed
    if generator is not repeating:  # it keeps to the middle of each mode, which is near to much
        assert alarms(find_memorized(fake, train, held_out).diagnoses) is has_copied
        assert alarms(find_memorized(fake, train, seed=seed).diagnoses) is has_copied


@pytest.mark.parametrize(("count", "width"), [(150, 24), (800, 512)])
@pytest.mark.parametrize("seed", range(5))
def test_healthy_generators_raise_no_alarm_with_few_images_or_many_features(count: int, width: int, seed: int) -> None:
    """In many dimensions clusters hold the images they were made of, unless other images say what to expect."""
    fake, real = images(count, 100 + seed, width=width), images(count, seed, width=width)
    found = compare_clusters(fake, real, seed=seed)
    assert not alarms(found.diagnoses)
    assert found.share > 0.9
    assert not alarms(find_memorized(fake, real, seed=seed).diagnoses)


def test_modes_have_the_numbers_of_what_is_known() -> None:
    real = images(4000, 0)
    well, badly, flatly = (
        compare_clusters(each, real, clusters=PLACES) for each in (healthy(0), collapsed(0), repeating(0))
    )
    assert well.share == 1
    assert well.differing <= 0.2
    assert well.variety == pytest.approx(1, abs=0.1)
    assert well.variety_within == pytest.approx(1, abs=0.1)
    assert badly.share == pytest.approx(0.3, abs=0.11)
    assert badly.differing > 0.8
    assert flatly.share == 1
    assert flatly.variety_within == pytest.approx(0.1, abs=0.02)
    assert "repeats itself" in flatly.diagnoses[1].text
    assert sum(well.fake) == pytest.approx(1) == sum(well.real)


def test_a_generator_of_one_image_varies_not_at_all() -> None:
    found = compare_clusters(np.repeat(images(1, 0), 500, axis=0), images(1000, 1))
    assert alarms(found.diagnoses)
    assert found.share < 0.2
    assert found.variety == pytest.approx(0, abs=1e-6) == found.variety_within


def test_modes_repeat_for_a_seed() -> None:
    fake, real = healthy(0), images(1000, 0)
    np.testing.assert_array_equal(compare_clusters(fake, real, seed=4).real, compare_clusters(fake, real, seed=4).real)
    assert (compare_clusters(fake, real, seed=4).real != compare_clusters(fake, real, seed=5).real).any()


def test_modes_want_enough_images() -> None:
    with pytest.raises(DataError, match="at least 40 generated and 80 real"):
        compare_clusters(images(39, 0), images(1000, 1))
    with pytest.raises(DataError, match="or fewer clusters"):
        compare_clusters(images(100, 0), images(100, 1), clusters=40)


def test_memorized_images_are_listed_with_what_they_copy() -> None:
    train, held_out = images(500, 0), images(300, 1)
    fake = images(200, 2)
    copied, copies = np.array([7, 423, 99]), np.array([150, 3, 42])
    fake[copies] = train[copied] + np.array([[0.0], [0.01], [0.02]], dtype=np.float32)
    found = find_memorized(fake, train, held_out)
    assert found.queries[:3].tolist() == copies.tolist()
    assert found.indices[:3].tolist() == copied.tolist()
    assert found.distances[0] == 0
    assert (np.diff(found.distances) >= 0).all()
    expected = np.linalg.norm(fake[found.queries].astype(np.float64) - train[found.indices], axis=1)
    np.testing.assert_allclose(found.distances, expected, rtol=1e-6)
    assert found.share == pytest.approx((found.distances <= np.quantile(found.reference, 0.01)).mean())
    assert not alarms(found.diagnoses)  # 3 of 200 is what chance allows


@pytest.mark.parametrize(("share", "is_alarm"), [(0.02, False), (0.2, True), (1.0, True)])
def test_a_part_of_copies_is_enough_for_an_alarm(share: float, is_alarm: bool) -> None:
    train, fake = images(1000, 0), images(1000, 1)
    copies = int(1000 * share)
    fake[:copies] = train[:copies]
    found = find_memorized(fake, train)
    assert found.share == pytest.approx(share, abs=0.02)
    assert alarms(found.diagnoses) is is_alarm


def test_repeated_training_images_excuse_no_copies() -> None:
    train = images(1000, 0)
    train[:100] = train[100:200]
    assert alarms(find_memorized(train[500:] + np.float32(0.01), train).diagnoses)
    assert not alarms(find_memorized(images(500, 1), train).diagnoses)
    same = np.repeat(train[:1], 200, axis=0)
    assert alarms(find_memorized(same, same).diagnoses)


def test_training_images_are_not_their_own_reference() -> None:
    train = images(300, 0)
    assert find_memorized(images(50, 1), train).reference.min() > 1


@pytest.mark.parametrize("sizes", [(500, 99), (99, None)])
def test_memorization_wants_enough_real_images(sizes: tuple[int, int | None]) -> None:
    held_out = None if sizes[1] is None else images(sizes[1], 1)
    with pytest.raises(DataError, match=r"99 (held-out|training) images are too few"):
        find_memorized(images(200, 0), images(sizes[0], 2), held_out)


def labels(*counts: int) -> Array:
    return np.repeat(np.arange(len(counts)), counts)


def test_missing_classes_are_named() -> None:
    real = labels(*[100] * PLACES)
    found = compare_classes(labels(300, 300, 0, 300, *[20] * 5, 0), real, CLASSES)
    assert found.share == 0.3
    assert alarms(found.diagnoses)
    assert found.diagnoses[0].text.startswith("3 of 10 classes are generated; missing: class 2, class 4,")
    assert found.diagnoses[0].text.endswith("class 7 and 2 more.")
    well = compare_classes(real, real, CLASSES)
    assert (well.share, alarms(well.diagnoses), well.differing) == (1, False, 0)


def test_classes_too_rare_to_expect_are_not_evaluated() -> None:
    found = compare_classes(labels(50, 50, 0), labels(5000, 5000, 10), CLASSES[:3])
    assert found.evaluated.tolist() == [True, True, False]
    assert found.share == 1
    with pytest.raises(DataError, match="too few to say"):
        compare_classes(labels(1, 1, 1), labels(100, 100, 100), CLASSES[:3])


def test_balance_has_the_numbers_of_what_is_known() -> None:
    found = compare_balance(labels(600, 380, 20), labels(100, 100, 200), CLASSES[:3])
    assert found.fake.tolist() == [0.6, 0.38, 0.02]
    assert found.real.tolist() == [0.25, 0.25, 0.5]
    assert found.distance == pytest.approx((0.35 + 0.13 + 0.48) / 2)
    entropies = (-(shares * np.log(shares)).sum() for shares in (found.fake, found.real))
    assert found.entropy == pytest.approx(next(entropies) / next(entropies))
    assert alarms(found.diagnoses)
    assert "vanishing: class 2 (2.0%, real 50.0%)" in found.diagnoses[0].text


def test_a_class_that_takes_the_others_place_is_named() -> None:
    found = compare_balance(labels(70, 40, 40), labels(100, 400, 400), CLASSES[:3])
    (diagnosis,) = found.diagnoses
    assert diagnosis.alarm and f"; taking over: {CLASSES[0]} (46.7%, real 11.1%)." in diagnosis.text


@pytest.mark.parametrize("seed", range(10))
def test_balance_raises_no_alarm_for_chance(seed: int) -> None:
    random = np.random.default_rng(seed)
    fake, real = (random.integers(PLACES, size=count) for count in (120, 1000))
    found = compare_balance(fake, real, CLASSES)
    assert not alarms(found.diagnoses)
    assert found.distance < 0.25
    assert found.entropy == pytest.approx(1, abs=0.05)


def test_one_class_is_balanced_with_itself() -> None:
    found = compare_balance(labels(20), labels(30), ["all"])
    assert (found.distance, found.entropy, alarms(found.diagnoses)) == (0, 1, False)


def test_labels_that_are_no_class_are_refused() -> None:
    for wrong in (np.array([0, 3]), np.array([-1, 0])):
        with pytest.raises(DataError, match="Labels count from 0 to 2"):
            compare_balance(wrong, labels(20, 20, 20), CLASSES[:3])
    with pytest.raises(DataError, match="for no images"):
        compare_balance(np.array([], np.int64), labels(20, 20, 20), CLASSES[:3])
