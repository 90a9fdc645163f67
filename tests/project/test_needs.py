"""A test that cannot run is skipped on somebody's machine, and fails in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

MODULES = {
    "mark": '@needs(False, "no browser")\ndef test_one():\n    pass\n',
    "module": 'require("no_such_package")\ndef test_one():\n    pass\n',
    "within": 'def test_one():\n    missing("no encoder")\n',
}


@pytest.mark.parametrize("way", MODULES)
@pytest.mark.parametrize(("ci", "ending"), [("", "1 skipped"), ("true", "1 error"), ("false", "1 skipped")])
def test_what_is_missing_is_an_error_in_ci_only(tmp_path: Path, way: str, ci: str, ending: str) -> None:
    shutil.copy(ROOT / "tests" / "needs.py", tmp_path)
    hook = "def pytest_runtest_setup(item):\n    for mark in item.iter_markers('needs'):\n        enforce(mark)\n"
    (tmp_path / "conftest.py").write_text(f"from needs import enforce\n\n{hook}")
    (tmp_path / "test_it.py").write_text(f"from needs import missing, needs, require\n\n{MODULES[way]}")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "test_it.py"]
    environment = {**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    if way == "within" and ci == "true":
        ending = "1 failed"
    assert ending in done.stdout.splitlines()[-1], done.stdout
