"""`ganzoo list` and `import ganzoo` must start at once: they import none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "timm", "pydantic", "huggingface_hub", "safetensors", "numpy", "PIL", "rich"}

COMMAND = """
import json, sys
from ganzoo.cli.main import main
try:
    main({arguments!r})
except SystemExit as exit:
    print(json.dumps([exit.code or 0, sorted(sys.modules)]))
"""


def last_line_of(code, cwd):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def heavy(modules):
    return sorted(HEAVY & {module.partition(".")[0] for module in modules})


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--json"],
        ["list", "*/*", "--task", "image-to-image"],
        ["list", "--entries"],
        ["list", "--entries", "--json"],
        ["plugins"],
        ["plugins", "--json"],
        ["--help"],
        ["train", "--help"],
        ["eval", "--help"],
        ["export", "--help"],
        ["compare", "dcgan/fashion-mnist", "lsgan/fashion-mnist"],
    ],
    ids=" ".join,
)
def test_command_imports_nothing_heavy(arguments, tmp_path):
    code, modules = last_line_of(COMMAND.format(arguments=arguments), tmp_path)
    assert code == 0
    assert "click" in modules and heavy(modules) == []


@pytest.mark.parametrize(
    "statement",
    ["import ganzoo", "from ganzoo import Config, Entry, hookimpl", "import ganzoo; ganzoo.list_models('*')"],
)
def test_import_imports_nothing_heavy(statement, tmp_path):
    modules = last_line_of(f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))", tmp_path)
    assert "ganzoo" in modules and heavy(modules) == []


def test_the_check_itself_sees_a_heavy_import(tmp_path):
    modules = last_line_of(
        "import ganzoo, json, sys\nganzoo.sliced_wasserstein\nprint(json.dumps(sorted(sys.modules)))", tmp_path
    )
    assert {"torch", "numpy"} <= set(heavy(modules))
