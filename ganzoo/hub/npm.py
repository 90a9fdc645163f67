"""Packages of the npm registry, taken with the npm program: its own settings say which registry, mirror or proxy."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

from ganzoo.errors import HashMismatch, HubError, HubUnreachable, MissingPackage

TIMEOUT = 600.0  # seconds


def fetch(package: str, version: str, integrity: str, folder: Path) -> Path:
    """Download a package and return its archive (.tgz). No script of it runs.

    Args:
        package: Its name.
        version: One exact version.
        integrity: What its archive must be, as npm writes it: "sha512-" and the hash in base64.
        folder: An existing folder for the archive.

    Raises:
        MissingPackage: npm is not installed.
        HubUnreachable: The registry does not answer in time.
        HubError: npm fails.
        HashMismatch: The archive is another one.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise MissingPackage(f"{package} {version} is downloaded with npm, which is not installed. Install Node.js.")
    line = [npm, "pack", f"{package}@{version}", "--ignore-scripts", "--silent"]
    try:
        done = subprocess.run(
            line, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise HubUnreachable(f"npm has not downloaded {package} within {TIMEOUT:.0f} s. Try again later.") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        reason = (done.stderr.strip().splitlines() or ["it says nothing of why"])[0]
        raise HubError(f"npm cannot download {package} {version}: {reason}. Check the connection and npm's settings.")
    found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    if f"sha512-{found}" != integrity:
        raise HashMismatch(f"{package} {version}: npm's registry sent another archive than expected. Try again later.")
    return archives[0]
