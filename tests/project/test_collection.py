"""Collecting the tests stays fast: libraries that take a second to import come inside functions."""

from __future__ import annotations

import re

from conftest import ROOT

SLOW = (
    "gradio",
    "onnxruntime",
    "openvino",
    "scipy",
    "skimage",
    "spandrel",
    "timm",
    "torch_fidelity",
    "torchmetrics",
    "torchvision",
    "zarr",
)
AT_IMPORT = re.compile(rf"^(?:import|from) (?:{'|'.join(SLOW)})\b", re.M)


def test_no_test_and_nothing_of_core_imports_a_slow_library_at_once() -> None:
    files = [path for folder in ("tests", "ganzoo") for path in sorted((ROOT / folder).rglob("*.py"))]
    files.append(ROOT / "benchmarks" / "evaluation.py")
    assert len(files) > 300
    outside_strings = {path: re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.S) for path in files}
    found = {str(path.relative_to(ROOT)): AT_IMPORT.findall(text) for path, text in outside_strings.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}
