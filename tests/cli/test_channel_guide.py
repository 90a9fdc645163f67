"""Every command and option of the guide to images of any channels runs as printed, on small files of the same kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import guides
import numpy as np
import pytest
import tifffile

import ganzoo

SECTIONS = guides.sections("any-channels.md")
SMALLER = (*guides.SMALLER, (r"block:\d+", "block:32"))
SMALL = " --steps 1 --set generator.width=4 --set discriminator.width=4 --set image_size=32"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    guides.close_files()


def run(section: str) -> str:
    """Run the commands of a section in their order, and return all that they print."""
    return "".join(each for block in guides.blocks(SECTIONS[section]) for each in guides.commands(block, SMALLER))


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).integers(0, 256, shape).astype(np.uint8)


def write(path: str, values: Any) -> None:
    tifffile.imwrite(path, values, photometric="minisblack", metadata=None)


def test_one_stain_from_another() -> None:
    for name in ("cells", "nuclei"):
        write(f"{name}.tif", numbers(4, 40, 40))
    printed, said = run("One stain from another"), guides.blocks(SECTIONS["One stain from another"], "text")[0]
    for line in said.replace("128x128", "32x32").splitlines():
        assert line in printed
    for metric in re.findall(r"^\| `([\w-]+)` \|", SECTIONS["One stain from another"], re.M):
        assert re.search(rf"^{metric}\W", printed, re.M), metric
    assert tifffile.imread("predicted.tif").shape == (4, 40, 40) and Path("report.html").is_file()


def test_when_a_network_is_not_worth_it() -> None:
    tifffile.imwrite("L7_ETMs.tif", numbers(6, 100, 100), photometric="minisblack", planarconfig="separate")
    printed = run("When a network is not worth it")
    assert "input 5 " in printed and "target 2 " not in printed
    assert re.search(r"METRIC +VALUE +INTERVAL +LINEAR +COPY +MEAN", printed)


def test_slices_in_and_two_probabilities_out() -> None:
    Path("brain").mkdir()
    for subject in range(4):
        for kind in ("t1", "gm", "wm"):
            np.save(f"brain/{subject}_{kind}.npy", numbers(3, 40, 40))
    printed = run("Slices in, two probabilities out")
    for pair in re.findall(r"`(\w+-GM)`, `(\w+-WM)`", SECTIONS["Slices in, two probabilities out"]):
        assert all(name in printed for name in pair)


@pytest.mark.parametrize("options", re.findall(r"`(--(?:range|transform)[^`]*)`", SECTIONS["Ranges"]))
def test_ranges(options: str) -> None:
    Path("in").mkdir()
    for number in range(2):
        values = numbers(2, 36, 36).astype("uint16") + 1
        channels = [ganzoo.Channel(name) for name in ("B4", "B3")]
        ganzoo.Raster.from_array(values, channels=channels).save(f"in/{number}.npz")
    sides = "--input in/ --target in/ --target-bands B3"
    printed = guides.commands(f"ganzoo train pix2pix {sides} {options} -o run{SMALL}")
    card = ganzoo.info("dir:run")
    assert printed and len(card.input_channels) == 2 and card.output_channels[0].name == "B3"


def test_which_files() -> None:
    for folder in ("t1", "t2", "a", "b"):
        Path(folder).mkdir()
        for number in range(2):
            write(f"{folder}/{number}.tif", numbers(40, 40) * np.uint16(99))
    listed = re.findall(r"`(--[^`]*|ganzoo[^`]*)`", SECTIONS["Which files"])
    assert listed[0].startswith("--input t1/") and listed[-2].startswith("ganzoo train cyclegan")
    guides.commands(f"ganzoo train pix2pix {listed[0]} -o pairs{SMALL}")
    guides.commands(f"{listed[-2]} -o two{SMALL} --set generator.blocks=1")
    guides.commands(f"{listed[-1]} -o one{SMALL}")
    assert [ganzoo.info(f"dir:{run}").channels_out[0].dtype for run in ("pairs", "two", "one")] == ["uint16"] * 3
