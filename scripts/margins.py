"""Run the learning tests over seeds and instruction sets, and write what room their limits have to a table.

    python scripts/margins.py                            the study on file, tests/families/margins.md
    python scripts/margins.py --seeds 5 -k cut           a part, to the terminal
    python scripts/margins.py --folder study -k cut      a part of the study on file; another call runs only what lacks
    python scripts/margins.py --folder study --so-far    writes the table from the runs that the folder has; the rows of
                                                         tests that it has no run of stay as they are

Seeds take the instruction sets of `SETS` in turn, and seed 0, which the tests have, takes all. The exit code is 1 where
a limit is nearer than a third to the worst value, or to that of random weights.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from learning import ROOM, Measure  # noqa: E402

TABLE = ROOT / "tests" / "families" / "margins.md"
SETS = {  # what torch's own kernels and oneDNN's may use; "native" is whatever the processor has
    "SSE": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "AVX2 and AVX-512": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "native": {},
}
NOTHING_TO_RUN = 5  # pytest's exit code
HEAD = """# The room of the learning tests

Written by `python scripts/margins.py`; what the columns mean is said in `tests/learning.py`.

{what}
A ratio of *worst* is the limit's to the worst value, or the other way round where higher is better: how many times as
good as its limit a measure is at least. A ratio of *untrained* is how many times as bad random weights are at least.
Both should be 1.33 or more.

| test | measure | limit | median | worst | ratio of worst | best untrained | ratio of untrained | runs |
|---|---|---|---|---|---|---|---|---|
"""


def run(seed: int, name: str, keywords: str, folder: Path) -> None:
    """Run the learning tests that the folder has no measures of; one that ends in another error ends the study."""
    file = measures_file(seed, name, folder)
    done = sorted({measure.test for measure in read(file)})
    known = {key: value for key, value in os.environ.items() if key not in SETS["SSE"]}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "learning", *learning_files()]
    command += [f"--deselect=tests/families/{test}" for test in done]
    with tempfile.TemporaryDirectory() as temporary:
        part = Path(temporary) / "measures"  # so that a test that was interrupted leaves nothing
        environment = {**known, **SETS[name], "GANZOO_TEST_SEED": str(seed), "GANZOO_MARGINS": str(part)}
        tests = subprocess.run(
            [*command, *(["-k", keywords] if keywords else [])],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        if tests.returncode not in (0, NOTHING_TO_RUN):
            raise SystemExit(tests.stdout + tests.stderr)
        if part.exists():
            with file.open("a", encoding="utf-8") as out:
                out.write(part.read_text(encoding="utf-8"))
    print(f"seed {seed}, {name}: {tests.stdout.splitlines()[-1]}", file=sys.stderr, flush=True)


def learning_files() -> list[str]:
    """Return the files with learning tests: collecting the others takes longer than some tests."""
    files = sorted((ROOT / "tests" / "families").glob("test_*.py"))
    return [str(file.relative_to(ROOT)) for file in files if "mark.learning" in file.read_text(encoding="utf-8")]


def measures_file(seed: int, name: str, folder: Path) -> Path:
    return folder / f"{seed} {name}.jsonl"


def read(file: Path) -> list[Measure]:
    if not file.exists():
        return []
    return [Measure(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def rows(measures: list[Measure]) -> tuple[list[str], bool]:
    """Return the table's rows, and whether every limit has room. Limits that follow the start are shown as a share."""
    groups: dict[tuple[str, str], list[Measure]] = defaultdict(list)
    for measure in measures:
        groups[measure.test, measure.name].append(measure)
    out, wide = [], True
    for (test, name), group in sorted(groups.items()):
        by_reach = sorted(group, key=lambda each: each.reached)
        worst, median = by_reach[0], by_reach[len(by_reach) // 2]
        nearest = min(group, key=lambda each: each.missed)
        wide &= worst.reached >= ROOM and nearest.missed >= ROOM
        numbers = f"{worst.limit:.3g} | {median.value:.3g} | {worst.value:.3g} | {shown(worst.reached)}"
        random = f"{nearest.untrained:.3g} | {shown(nearest.missed)}"
        out.append(f"| `{test}` | {name} | {numbers} | {random} | {len(group)} |")
    return out, wide


def rows_on_file(measured: set[str]) -> list[str]:
    """Return the table's rows of all other tests."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| `") and line.split("`")[1] not in measured]


def shown(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= ROOM else f"**{ratio:.2f}**"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="how many; 20 by default")
    parser.add_argument("--processes", type=int, default=2, help="at a time; 2 by default")
    parser.add_argument("--folder", type=Path, help="keeps what was measured, so that a study that ended goes on")
    parser.add_argument("-k", dest="keywords", default="", help="pytest's: these tests only, to the terminal")
    parser.add_argument("--so-far", action="store_true", help="run nothing: write the table of what the folder has")
    asked = parser.parse_args()
    if asked.so_far and not asked.folder:
        parser.error("--so-far needs --folder")
    names = list(SETS)
    pairs = [(seed, names[seed % len(names)]) for seed in range(asked.seeds)] + [(0, name) for name in names[1:]]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(asked.processes) as pool:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not asked.so_far:
            list(pool.map(lambda pair: run(*pair, asked.keywords, folder), pairs))
        measures = [measure for pair in pairs for measure in read(measures_file(*pair, folder))]
    lines, wide = rows(measures)
    if asked.so_far:
        lines = sorted(lines + rows_on_file({measure.test for measure in measures}))
    what = (
        f"Seeds 0 to {asked.seeds - 1} take the instruction sets {', '.join(names)} in turn, and seed 0 takes all:\n"
        f"{len(pairs)} runs.\nA row with fewer is not finished.\n"
    )
    text = HEAD.format(what=what) + "\n".join(lines) + "\n"
    if asked.keywords or asked.seeds < 20:
        print(text)
    else:
        TABLE.write_text(text, encoding="utf-8")
    return 0 if wide else 1


if __name__ == "__main__":
    sys.exit(main())
