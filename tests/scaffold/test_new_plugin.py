"""ganzoo new-plugin: the package that it writes is the documentation's, and works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from strangers import announce

from ganzoo.errors import OptionError, OutputError
from ganzoo.scaffold import new_plugin
from tests.cli.test_main import call
from tests.project.test_readme import printed_file


def test_it_is_the_plugin_of_the_documentation(tmp_path: Path) -> None:
    names = ["pyproject.toml", "ganzoo_mine/__init__.py", "ganzoo_mine/networks.py", "tests/test_mine.py"]
    new_plugin.create("mine", tmp_path / "new")
    for name in names:
        assert (tmp_path / "new" / name).read_text() == printed_file(name).split("\n", 1)[1]


def test_a_name_of_two_words_works_in_every_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "x"
    code, out, err = call(capsys, "new-plugin", "blue-moon", "-o", str(folder))
    assert (code, err) == (0, "")
    assert [Path(line).relative_to(folder).as_posix() for line in out.splitlines()] == [
        "pyproject.toml",
        "README.md",
        "ganzoo_blue_moon/__init__.py",
        "ganzoo_blue_moon/networks.py",
        "ganzoo_blue_moon/py.typed",
        "tests/test_blue_moon.py",
    ]
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file()]
    assert not any("$" in text for text in texts)
    assert 'blue-moon = "ganzoo_blue_moon"' in (folder / "pyproject.toml").read_text()
    announce(folder, "ganzoo-blue-moon", {"blue-moon": "ganzoo_blue_moon"})
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "generator:blue-moon" in run("ganzoo", "list", "--entries", "generator:*")
    assert "1 passed" in run("pytest", "-q", "-p", "no:cacheprovider", "tests")


@pytest.mark.parametrize("name", ["", "Mine", "my_plugin", "1st", "a--b", "a-", "../x", "a b"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is not a valid plugin name"):
        new_plugin.create(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_taken_name_and_a_folder_in_use_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="already has a generator 'dcgan'"):
        new_plugin.create("dcgan", tmp_path)
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists and is not an empty folder"):
        new_plugin.create("mine", tmp_path)
    with pytest.raises(OutputError, match="exists and is not an empty folder"):
        new_plugin.create("mine", tmp_path / "kept.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.slow
def test_the_packages_of_all_kinds_keep_the_contract(tmp_path: Path) -> None:
    kinds = [kind for kind in new_plugin.KINDS if kind != "generator"]
    for kind in kinds:
        folder = tmp_path / kind
        files = new_plugin.create(f"my-{kind}", folder, kind)
        assert folder / f"ganzoo_my_{kind}" / "py.typed" in files
        assert not any("$" in path.read_text() for path in files)
        announce(folder, f"ganzoo-my-{kind}", {kind: f"ganzoo_my_{kind}"})
    paths = [*(str(tmp_path / kind) for kind in kinds), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *kinds],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert f"{len(kinds)} passed" in done.stdout, done.stdout + done.stderr
