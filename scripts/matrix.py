"""Run the quick suite under other instruction sets, thread counts, versions and load, and print a table.

As in scripts/test, two tests run at a time; --processes 4 is quicker beside a load, and a heavier one.

    python scripts/matrix.py                          all rows
    python scripts/matrix.py --only golden --isa avx2 AVX512_CORE
    python scripts/matrix.py --threads 2 --load       one row of that many threads, beside two busy loops
    python scripts/matrix.py --lowest                 one row with the lowest versions that pyproject.toml allows

ATEN_CPU_CAPABILITY limits the instructions of torch's own kernels, ONEDNN_MAX_CPU_ISA those of oneDNN's, which
convolutions are. Neither adds what the processor lacks. The lowest versions are installed into a folder of their own,
kept between runs: --environment says which.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from totals import line, totals

ROOT = Path(__file__).resolve().parent.parent
# What torch's and oneDNN's kernels choose on processors that exist. "Newest versions" is this machine's own choice.
PROCESSORS = [("default", "SSE41"), ("avx2", "AVX2"), ("avx2", "AVX512_CORE"), ("avx512", "AVX512_CORE")]
SWITCHES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"  # ends with this script, however that ends
PARTS = {  # of the quick suite; what they have in common runs once
    "golden": ["tests/families/test_golden_updates.py"],
    "learning": ["-m", "learning", "tests/families"],
    "families": ["-m", "not learning", "tests/families"],
    "formulas": [
        *(f"tests/{folder}" for folder in ("layers", "losses", "recipes")),
        *(f"tests/evaluation/{folder}" for folder in ("statistics", "metrics")),
    ],
    "engines": ["tests/inference"],
}


@dataclass(frozen=True)
class Row:
    """One way to run the suite."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable


def of_processor(aten: str, onednn: str) -> Row:
    wanted = zip(SWITCHES, (aten, onednn), strict=True)
    return Row(f"{aten}, {onednn}", {name: value for name, value in wanted if value != "native"})


def of_threads(count: int) -> Row:
    # Threads that spin while they wait make a busy machine twenty times slower.
    return Row(f"{count} threads", {"OMP_NUM_THREADS": str(count), "OMP_WAIT_POLICY": "PASSIVE"})


def of_lowest(folder: Path) -> Row:
    """Install the lowest version of each direct dependency, and return the row that runs in it."""
    python = folder / "bin" / "python"
    ready, asked = folder / "ready", (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if not ready.exists() or ready.read_text(encoding="utf-8") != asked:
        install = ["-m", "uv", "pip", "install", "--quiet", "--python", python, "--resolution", "lowest-direct"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        subprocess.run([python, *install, "-e", f"{ROOT}[test]"], check=True)
        ready.write_text(asked, encoding="utf-8")
    return Row("lowest versions", {}, str(python))


def run(row: Row, parts: list[str], processes: int, seconds: float) -> tuple[str, float, bool]:
    """Return the totals of a row, its seconds, and whether all passed."""
    known = {name: value for name, value in os.environ.items() if name not in SWITCHES}
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as reports:
        files = []
        for part in parts:
            files.append(Path(reports) / f"{part}.xml")
            command = [
                row.python,
                "-m",
                "pytest",
                "-q",
                "-n",
                str(processes),
                "-p",
                "no:cacheprovider",
                f"--junitxml={files[-1]}",
                *PARTS[part],
            ]
            if part == "families" and "golden" in parts:
                command += [f"--deselect={PARTS['golden'][0]}"]
            try:
                done = subprocess.run(
                    command, cwd=ROOT, env=known | row.environment, capture_output=True, text=True, timeout=seconds
                )
            except subprocess.TimeoutExpired:
                print(f"{row.name}: {part} took longer than {seconds:.0f} s", file=sys.stderr)
                continue
            if done.returncode:
                print(done.stdout[-5000:] + done.stderr[-2000:], file=sys.stderr)
        found = totals(files)
    return line(found), time.monotonic() - begin, not found["failed"] and not found["errors"] and bool(found["passed"])


@contextmanager
def loaded(count: int) -> Iterator[None]:
    """Keep ``count`` processes busy within the block."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY, str(os.getpid())]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def asked_rows(asked: argparse.Namespace) -> list[Row]:
    if not (asked.isa or asked.threads or asked.lowest):
        rows = [of_processor(*pair) for pair in PROCESSORS]
        return [*rows, *map(of_threads, (1, 2, 4)), of_lowest(asked.environment), Row("newest versions")]
    rows = [of_processor(*pair) for pair in asked.isa or []]
    rows += [of_threads(count) for count in asked.threads or []]
    return [*rows, *([of_lowest(asked.environment)] if asked.lowest else [])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts of the suite")
    parser.add_argument("--isa", nargs=2, action="append", metavar=("ATEN", "ONEDNN"), help="a pair of sets")
    parser.add_argument("--threads", type=int, action="append", help="a number of them")
    parser.add_argument("--lowest", action="store_true", help="the lowest versions that pyproject.toml allows")
    parser.add_argument("--load", action="store_true", help="beside two busy loops")
    parser.add_argument("--processes", type=int, default=2, help="of the tests")
    parser.add_argument("--times", type=int, default=1, help="in a row")
    parser.add_argument("--patience", type=float, default=1800, help="seconds for a part of a row")
    kept = Path(tempfile.gettempdir()) / "ganzoo-lowest"
    parser.add_argument("--environment", type=Path, default=kept, help=f"of --lowest; {kept} by default")
    asked = parser.parse_args()
    every = True
    print(f"{'ROW':24} {'SECONDS':>8}  RESULT", flush=True)
    with loaded(2 if asked.load else 0):
        for row in asked_rows(asked) * asked.times:
            words, seconds, passed = run(row, asked.only, asked.processes, asked.patience)
            every &= passed
            print(f"{row.name:24} {seconds:8.0f}  {words}", flush=True)
    print("all passed" if every else "not all passed")
    return 0 if every else 1


if __name__ == "__main__":
    sys.exit(main())
