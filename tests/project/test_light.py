"""`ganzoo list` and `import ganzoo` must start at once: they import none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ganzoo.catalog import discovery

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


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "--scores"]], ids=" ".join)
def test_listing_models_imports_no_family_and_no_limits_of_options(arguments, tmp_path):
    """No plugin of ganzoo's own has cards, and their option classes are most of what a start costs."""
    modules = last_line_of(COMMAND.format(arguments=arguments), tmp_path)[1]
    assert [name for name in modules if name.startswith(("ganzoo_plugins.", "annotated_types"))] == []
    everything = last_line_of(COMMAND.format(arguments=["list", "--entries"]), tmp_path)[1]
    assert {"ganzoo_plugins.dcgan", "annotated_types"} <= set(everything)


def test_no_plugin_of_ganzoo_s_own_has_cards():
    """`registry.json` has them all; `discovery.third_party` asks nobody else."""
    cards = discovery.manager().hook.ganzoo_cards.get_hookimpls()
    assert [each.plugin_name for each in cards if discovery.distribution_of(each.plugin_name) == "ganzoo-core"] == []


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
