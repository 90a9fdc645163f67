"""What goes wrong with generators: modes that are missing, pictures that are copied, classes that vanish.

Each function returns its numbers and findings in words, an alarm where the numbers say failure. The names that a user
sees: modes, memorized, balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.data.layout import some
from ganzoo.errors import DataError
from ganzoo.evaluation.clusters import Scatter, find_centers, scatter
from ganzoo.evaluation.moments import Array, check
from ganzoo.evaluation.neighbors import nearest
from ganzoo.evaluation.results import Diagnosis

FAIR = 0.25  # of a mode's share among real pictures: what the generated ones must have for it to be held
COUNTED = 10  # pictures to expect in a mode before their absence says anything: by chance in 3 of 1,000
TAKEN_OVER = 3.0  # times a class's share among real pictures, from which it takes the others' place
COVERED = 0.8  # share of modes; fewer is collapse
VARIED = 0.5  # of the real pictures' variety; less is collapse
CLUSTERS, A_CLUSTER = 50, 20  # at most, and pictures in each at least, where the number is not given
NEAR = 0.01  # share of the real reference that is called near
COPIED = 5.0  # times as many near pictures as there should be; more is memorization
REFERENCES = 100  # real pictures at least, so that a hundredth of them is one


@dataclass(frozen=True, eq=False)
class Modes:
    """How generated pictures spread over the modes of the real ones, K classes or clusters.

    share      of the judged modes that generated pictures hold, 0 to 1, higher is better
    held       (K,) bool: a quarter of its fair number of generated pictures is there
    judged     (K,) bool: at least 10 generated pictures are to be expected, and 10 real ones are there
    fake, real (K,) share of the generated and of the real pictures in each mode
    findings   one in words on the modes, for clusters another on variety
    differing  share of judged modes whose two shares differ at the 5 % level (NDB / K, arXiv:1805.12462): alike sets
               have about 0.05
    variety    typical distance of generated pictures to one another, over that of real ones; None for classes
    variety_within   the same inside modes: near 0 where each mode is one picture again and again; None for classes
    """

    share: float
    held: Array
    evaluated: Array
    fake: Array
    real: Array
    diagnoses: list[Diagnosis]
    differing: float
    variety: float | None = None
    variety_within: float | None = None


@dataclass(frozen=True, eq=False)
class Memorized:
    """How generated pictures lie to their nearest training pictures.

    share      of the N that lie nearer than 99 of 100 real pictures do: 0.01 is healthy, 1 is copying
    threshold  that distance; real pictures that are in the training set themselves do not count for it
    queries    (N,) rows of the generated pictures, the nearest to a training picture first
    indices    (N,) the row of that training picture
    distances  (N,) how far it is, ascending
    reference  (M,) distances of real pictures to their nearest training pictures, ascending
    """

    share: float
    threshold: float
    queries: Array
    indices: Array
    distances: Array
    reference: Array
    diagnoses: list[Diagnosis]


@dataclass(frozen=True, eq=False)
class Balance:
    """Shares of K classes among generated and real pictures.

    distance   total variation: the share of pictures that would have to change class; 0 to 1, lower is better
    entropy    of the generated shares, over that of the real ones: below 1 where a few classes take over, 1 where the
               real pictures are of one class and the generated ones too
    fake, real (K,)
    """

    distance: float
    entropy: float
    fake: Array
    real: Array
    diagnoses: list[Diagnosis]


def modes(fake: Array, real: Array, clusters: int | None = None, seed: int = 0) -> Modes:
    """Tell which clusters of real features (M, D) generated ones (N, D) hold, and how both vary.

    One half of the real pictures, drawn by ``seed``, makes the clusters, and the other says what to expect: in many
    dimensions a cluster holds the pictures it was made of far more often than others of the same kind.
    ``clusters`` None: 50, or fewer so that each has 20 pictures. Raises DataError for too few pictures.
    Sources: number of modes, arXiv:1611.02163; bins of k-means, arXiv:1805.12462.
    """
    check(fake, real)
    clusters = clusters or _suggest_clusters(len(fake), len(real))
    random = np.random.default_rng(seed)
    order = random.permutation(len(real))
    making, expecting = (np.sort(half) for half in np.array_split(order, 2))
    centers = find_centers(real, clusters, random, making)
    made, expected = scatter(fake, centers), scatter(real, centers, expecting)
    return _diagnose_clusters(made, expected)


def modes_by_class(fake_labels: Array, real_labels: Array, classes: Sequence[str]) -> Modes:
    """Tell which classes of real pictures generated ones hold; labels (N,) are places in ``classes``.

    Raises DataError for labels that are no class, and where no class has enough pictures to say anything.
    Source: number of modes, arXiv:1611.02163.
    """
    fake, real = (_count(labels, len(classes)) for labels in (fake_labels, real_labels))
    held, evaluated, share = _hold(fake, real)
    missing = [classes[k] for k in range(len(classes)) if evaluated[k] and not held[k]]
    text = f"{int((held & evaluated).sum())} of {int(evaluated.sum())} classes are generated"
    diagnosis = Diagnosis("modes", text + (f"; missing: {some(missing)}." if missing else "."), alarm=share < COVERED)
    return Modes(
        share, held, evaluated, fake / fake.sum(), real / real.sum(), [diagnosis], _differing(fake, real, evaluated)
    )


def memorization(fake: Array, train: Array, held_out: Array | None = None, seed: int = 0) -> Memorized:
    """Compare how near generated pictures (N, D) and other real ones come to training pictures (M, D).

    The other real ones are ``held_out``; None takes up to 10,000 training pictures, drawn by ``seed``, each against
    the rest. Raises DataError for fewer than 100 of them. Sources: arXiv:2004.05675 (why held-out pictures are the
    measure of near), arXiv:2002.09797.
    """
    check(fake, train)
    reference = _reference(train, held_out, seed)
    distances, indices = (found[:, 0] for found in nearest(fake, train))
    known = reference[reference > 0]  # a real picture that is there twice does not excuse a copy
    threshold = float(np.quantile(known, NEAR)) if len(known) else 0.0
    share = float((distances <= threshold).mean())
    order = np.argsort(distances, kind="stable")
    diagnosis = _on_copies(share, len(fake), len(reference))
    return Memorized(share, threshold, order, indices[order], distances[order], reference, [diagnosis])


def balance(fake_labels: Array, real_labels: Array, classes: Sequence[str]) -> Balance:
    """Compare the shares of classes; labels (N,) are places in ``classes``. Raises DataError as `modes_by_class`."""
    fake, real = (_count(labels, len(classes)) for labels in (fake_labels, real_labels))
    held, evaluated, _ = _hold(fake, real)
    fake, real = fake / fake.sum(), real / real.sum()
    unlike = {"vanishing": evaluated & ~held, "taking over": evaluated & (fake >= TAKEN_OVER * real)}
    named = {
        what: some([f"{classes[k]} ({fake[k]:.1%}, real {real[k]:.1%})" for k in range(len(classes)) if which[k]])
        for what, which in unlike.items()
        if which.any()
    }
    distance = float(np.abs(fake - real).sum() / 2)
    text = f"{distance:.0%} of the generated pictures would have to change class to match the real ones"
    text += "".join(f"; {what}: {which}" for what, which in named.items())
    return Balance(distance, _entropy_ratio(fake, real), fake, real, [Diagnosis("balance", f"{text}.", bool(named))])


# ---- modes -----------------------------------------------------------------------------------------------------------


def _suggest_clusters(fake: int, real: int) -> int:
    clusters = min(CLUSTERS, real // 2 // A_CLUSTER, fake // A_CLUSTER)
    if clusters < 2:
        raise DataError(
            f"{fake:,} generated and {real:,} real pictures are too few to look for modes: it takes at least "
            f"{2 * A_CLUSTER} generated and {4 * A_CLUSTER} real ones. Give more pictures."
        )
    return clusters


def _diagnose_clusters(fake: Scatter, real: Scatter) -> Modes:
    held, evaluated, share = _hold(fake.counts, real.counts)
    variety = _quotient(fake.variance(), real.variance())
    within = _quotient(fake.variance_within(held & evaluated), real.variance_within(held & evaluated))
    text = f"{int((held & evaluated).sum())} of {int(evaluated.sum())} clusters of real pictures hold generated ones."
    diagnoses = [Diagnosis("modes", text, alarm=share < COVERED), _on_variety(variety, within)]
    shares = fake.counts / fake.counts.sum(), real.counts / real.counts.sum()
    differing = _differing(fake.counts, real.counts, evaluated)
    return Modes(share, held, evaluated, *shares, diagnoses, differing, variety, within)


def _hold(fake: Array, real: Array) -> tuple[Array, Array, float]:
    """Return for counts (K,) which modes are held, which are judged, and the share of the judged that are held."""
    fair = real / real.sum() * fake.sum()
    held, evaluated = fake >= FAIR * fair, (fair >= COUNTED) & (real >= COUNTED)
    if not evaluated.any():
        raise DataError(
            f"{int(fake.sum()):,} generated and {int(real.sum()):,} real pictures leave fewer than {COUNTED} for each "
            f"of {len(fake)} modes, too few to say which are missing. Give more pictures, or ask for fewer clusters."
        )
    held = held & (fake > 0)
    return held, evaluated, float(held[evaluated].mean())


def _differing(fake: Array, real: Array, evaluated: Array) -> float:
    """Return the share of judged modes whose proportions differ in a two-sided z test at 5 % (arXiv:1805.12462)."""
    many, others = fake.sum(), real.sum()
    forward_batched = (fake + real) / (many + others)
    error = (
        np.sqrt(forward_batched * (1 - forward_batched) * (1 / many + 1 / others)) + 1e-12
    )  # 0 where one mode has all
    return float((np.abs(fake / many - real / others) > 1.96 * error)[evaluated].mean())


def _on_variety(variety: float, within: float) -> Diagnosis:
    text = f"Generated pictures vary {variety:.2f} times as much as real ones, {within:.2f} times inside a mode"
    if min(variety, within) >= VARIED:
        return Diagnosis("variety", f"{text}.")
    return Diagnosis("variety", f"{text}: the generator repeats itself.", alarm=True)


def _quotient(fake: float, real: float) -> float:
    """Return how much one set's typical distance is of another's, from variances; 1 where both are 0."""
    return float(np.sqrt(fake / real)) if real else float(fake == 0)


# ---- memorization ----------------------------------------------------------------------------------------------------


def _reference(train: Array, held_out: Array | None, seed: int) -> Array:
    """Return the distances of real pictures to their nearest training picture but themselves, ascending."""
    given = train if held_out is None else held_out
    check(train, given)
    if len(given) < REFERENCES:
        kind, remedy = ("training", "Give more") if held_out is None else ("held-out", "Give more, or none at all")
        raise DataError(
            f"{len(given)} {kind} pictures are too few to say how near is near; it takes {REFERENCES}. {remedy}."
        )
    if held_out is not None:
        return np.sort(nearest(held_out, train)[0][:, 0])
    own = np.sort(np.random.default_rng(seed).permutation(len(train))[:10_000])
    return np.sort(nearest(train[own], train, own=own)[0][:, 0])


def _on_copies(share: float, count: int, references: int) -> Diagnosis:
    text = f"{share:.1%} of the generated pictures lie nearer to a training picture than 99 % of real pictures do"
    # Chance must not be a reason: both the pictures and the percentile are drawn.
    chance = 4 * np.sqrt(NEAR * (1 - NEAR) * (1 / count + 1 / references))
    if share <= max(COPIED * NEAR, NEAR + chance):
        return Diagnosis("memorized", f"{text}; about {NEAR:.0%} is to be expected.")
    return Diagnosis("memorized", f"{text}, {share / NEAR:.0f} times as many as expected: it copies.", alarm=True)


# ---- classes ---------------------------------------------------------------------------------------------------------


def _count(labels: Array, classes: int) -> Array:
    given = np.asarray(labels)
    if not given.size or given.min() < 0 or given.max() >= classes:
        span = f"from {given.min()} to {given.max()}" if given.size else "for no pictures"
        raise DataError(f"There are labels {span} and {classes} classes. Labels count from 0 to {classes - 1}.")
    return np.bincount(given.ravel(), minlength=classes)


def _entropy_ratio(fake: Array, real: Array) -> float:
    made, request = (-float((shares[shares > 0] * np.log(shares[shares > 0])).sum()) for shares in (fake, real))
    return made / request if request else float(made == 0)
