"""The start of `ganzoo list` beside that of `python -c "import click, pluggy"`, in processor time (user and system).

The commands take turns, so that other processes on the machine slow both equally. The environment's size matters,
because each start looks for plugins in every installed distribution.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from importlib import metadata

COMMANDS = {
    "python -c 'import click, pluggy'": ["-c", "import click, pluggy"],
    "ganzoo list": ["-m", "ganzoo", "list"],
    "ganzoo list --entries": ["-m", "ganzoo", "list", "--entries"],
}


def processor_seconds(arguments: list[str]) -> float:
    """Run Python once, and return the processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int = 31) -> None:
    """Print medians, and the ratios of each round's median."""
    for arguments in COMMANDS.values():
        processor_seconds(arguments)  # writes the caches of compiled modules
    times = [[processor_seconds(arguments) for arguments in COMMANDS.values()] for _ in range(rounds)]
    print(f"{len(list(metadata.distributions()))} distributions, {rounds} rounds, medians\n")
    for number, command in enumerate(COMMANDS):
        milliseconds = 1000 * statistics.median(each[number] for each in times)
        print(
            f"{command:34} {milliseconds:6.0f} ms {statistics.median(each[number] / each[0] for each in times):5.2f}x"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
