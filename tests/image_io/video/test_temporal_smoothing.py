import numpy as np
import pytest

from ganzoo.errors import OptionError
from ganzoo.image_io.video import temporal_smoothing
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing, flicker, ghosting

SIZE = (40, 60, 3)


def noisy(picture, seed, strength):
    noise = np.random.default_rng(seed).normal(0, strength, picture.shape)
    return (picture + noise).clip(0, 255).round().astype(np.uint8)


def scene(seed=0):
    return np.random.default_rng(seed).integers(30, 220, (10, 15, 3), np.uint8).repeat(4, 0).repeat(4, 1)


def steadied(strength, seen, made):
    filter_ = TemporalSmoothing(strength)
    return [filter_.next(*pair) for pair in zip(seen, made, strict=True)]


def test_still_things_flicker_less_the_stronger_it_is():
    seen = [noisy(scene(), n, 3) for n in range(30)]  # a camera on a tripod, and its noise
    made = [noisy(scene(1), 100 + n, 8) for n in range(30)]
    plain, some, strong = (flicker(seen[5:], steadied(s, seen, made)[5:]) for s in (0.0, 0.5, 0.8))
    assert 8 < plain < 10  # the mean of |a - b|, both of deviation 8, is 1.13 * 8
    assert some < 0.6 * plain
    assert strong < 0.35 * plain


def test_zero_changes_nothing_and_the_first_image_never_changes():
    seen, made = [scene(n) for n in range(3)], [scene(10 + n) for n in range(3)]
    assert all(shown is one for shown, one in zip(steadied(0, seen, made), made, strict=True))
    assert TemporalSmoothing(0.8).next(seen[0], made[0]) is made[0]


def test_what_moves_is_shown_as_it_is_now():
    """A square moves over a still scene: where it was and where it is, nothing of before shines through."""
    seen, made = [], []
    for n in range(8):
        frame = scene().copy()
        frame[8:24, 5 * n : 5 * n + 16] = 250 if n % 2 else 5
        seen.append(frame)
        made.append(255 - frame)
    shown = steadied(0.9, seen, made)
    assert ghosting(seen, made, shown) < 1
    np.testing.assert_array_equal(shown[7][12:20, 38:48], made[7][12:20, 38:48])


def test_a_cut_starts_afresh_even_where_both_scenes_are_alike():
    one, other = scene(), scene(1)
    one[:8] = other[:8] = 0  # a fifth is black in both
    shown = steadied(0.9, [one, one, other], [one, one, np.full(SIZE, 255, np.uint8)])
    assert (shown[2] == 255).all()


def test_a_slow_fade_is_followed():
    seen = [np.full(SIZE, 50 + 2 * n, np.uint8) for n in range(60)]
    shown = steadied(0.9, seen, seen)
    assert 0 < int(seen[-1][0, 0, 0]) - int(shown[-1][0, 0, 0]) <= 3  # 7, if only the last input were looked at


def test_rounding_does_not_hold_a_small_change_back_for_ever():
    still = np.full(SIZE, 100, np.uint8)
    shown = steadied(0.9, [still] * 60, [still] + [still + 2] * 59)
    assert (shown[-1] == 102).all()


def test_results_may_be_larger_than_the_inputs():
    seen = [noisy(scene(), n, 2) for n in range(20)]
    made = [noisy(scene(1), n, 8).repeat(2, 0).repeat(3, 1) for n in range(20)]
    shown = steadied(0.8, seen, made)
    assert shown[-1].shape == (80, 180, 3) and shown[-1].dtype == np.uint8
    change = [np.abs(np.diff(np.stack(x[10:]).astype(float), axis=0)).mean() for x in (made, shown)]
    assert change[1] < 0.4 * change[0]


def test_another_size_starts_afresh():
    filter_ = TemporalSmoothing(0.8)
    filter_.next(scene(), scene())
    assert (filter_.next(scene()[:-4], scene()[:-4]) == scene()[:-4]).all()


def test_changes_are_averaged_over_a_square():
    before, after = np.zeros((20, 20), np.float32), np.zeros((20, 20), np.float32)
    after[10, 10] = 49
    found = temporal_smoothing.change(before, after)
    np.testing.assert_allclose(found[7:14, 7:14], 1, atol=1e-5)
    np.testing.assert_allclose(found.sum(), 49, rtol=1e-4)
    np.testing.assert_allclose(temporal_smoothing.change(before, before + 7), 7, rtol=1e-5)  # the edges too


def test_flicker_and_ghosting_are_what_they_say():
    before = np.full(SIZE, 100, np.uint8)
    after = before + 4  # the left half counts as still, within the tolerance of 5
    after[:, 30:] += 3  # the right does not, but for the columns that are averaged with the left
    made, shown = [before, before + 20], [before, before + 30]
    made[1][:, 30:] += 40
    assert flicker([before, after], made) == pytest.approx(20, abs=2)
    assert ghosting([before, after], made, shown) == pytest.approx(30, abs=2)
    assert ghosting([before, before], made, shown) == 0  # nothing moves


@pytest.mark.parametrize("strength", [-0.1, 1, 1.5, float("nan")])
def test_other_strengths_are_refused(strength):
    with pytest.raises(OptionError, match=f"A temporal smoothing of {strength} is not valid. Give a number from 0"):
        TemporalSmoothing(strength)
