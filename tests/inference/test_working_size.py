"""At which size a translation works."""

from __future__ import annotations

import pytest

from ganzoo.errors import OptionError
from ganzoo.inference import working_size as working_size_module
from ganzoo.inference.working_size import working_size


@pytest.mark.parametrize(
    ("height", "width", "size", "trained", "expected"),
    [
        (100, 150, "auto", 128, (100, 150)),  # below the training size: its own
        (128, 300, "auto", 128, (128, 300)),
        (512, 768, "auto", 128, (128, 192)),  # above: 128 on the shorter side
        (768, 512, "auto", 128, (192, 128)),
        (4000, 10, "auto", 128, (4000, 10)),
        (999, 999, "auto", 0, (999, 999)),  # nothing known of the training
        (4000, 3000, "native", 128, (4000, 3000)),
        (200, 400, 100, 128, (100, 200)),
        (200, 400, "300", 128, (300, 600)),
        (3, 1000, 1, 128, (1, 333)),
        (1000, 1, "1", 128, (1000, 1)),
    ],
)
def test_sizes(height: int, width: int, size: str | int, trained: int, expected: tuple[int, int]) -> None:
    assert working_size(height, width, size, trained) == expected


@pytest.mark.parametrize("size", ["big", "", "1.5", 0, -1, None])
def test_anything_else_is_refused(size: object) -> None:
    with pytest.raises(OptionError, match="size"):
        working_size_module.check(size)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="size"):
        working_size(10, 10, size, 128)  # type: ignore[arg-type]
