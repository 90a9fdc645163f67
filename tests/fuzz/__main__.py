"""The long run: see scripts/fuzz."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from fuzz.readers import READERS
from fuzz.run import GOOD, Child, fuzz, keep

BLOCK = 500


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)}")
    parser.add_argument("--count", type=int, default=10_000, help="mutations of each reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    arguments = parser.parse_args()
    failed = 0
    for reader in arguments.readers or READERS:
        began, counts = time.monotonic(), dict[str, int]()
        with tempfile.TemporaryDirectory() as folder, Child(Path(folder)) as child:
            for first in range(arguments.first, arguments.first + arguments.count, BLOCK):
                result = fuzz(child, reader, first, min(BLOCK, arguments.first + arguments.count - first))
                for outcome, number in result.counts.items():
                    counts[outcome] = counts.get(outcome, 0) + number
                for outcome, detail, content in result.failures:
                    failed += 1
                    print(f"  {outcome}: {keep(reader, content)}\n    {detail[-1500:]}", flush=True)
        bad = sum(number for outcome, number in counts.items() if outcome not in GOOD)
        listed = ", ".join(f"{outcome} {number:,}" for outcome, number in sorted(counts.items()))
        print(
            f"{reader}: {sum(counts.values()):,} in {time.monotonic() - began:.0f} s: {listed}; failed {bad}",
            flush=True,
        )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
