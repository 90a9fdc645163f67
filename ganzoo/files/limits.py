"""Sizes that a file declares are compared with a limit before memory is taken for them.

Each limit can be raised by an environment variable. Pixels have a limit of their own: ``--max-pixels``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from ganzoo.errors import GanzooError, OptionError

_POWERS = " kmgt"


def parse_amount(text: str, unit: str = "b?") -> int:
    """Return a whole number of at least 1, such as 2GB: powers of 1000 with K, M, G, T; of 1024 with Ki, Mi, Gi, Ti.

    Args:
        text: As typed.
        unit: A pattern for what may follow the number.

    Raises:
        ValueError: The text is something else, or too large a number.
    """
    match = re.fullmatch(rf"(\d{{1,18}}(?:\.\d{{1,9}})?) ?([kmgt]?)(i?){unit}", text.strip(), re.IGNORECASE | re.ASCII)
    number = (
        int(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS.index(match[2].lower() or " ")) if match else 0
    )
    if not 1 <= number < 2**63:
        raise ValueError(text)
    return number


def format_size(count: int) -> str:
    """Return a number of bytes as people read it: "7.9 MB", or "12 kB" for a small file."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{max(1, round(count / 1e3))} kB"


@dataclass(frozen=True)
class Limit:
    """A limit on a size that a file declares.

    Attributes:
        variable: The environment variable that sets it.
        default: In bytes, without the variable.
        of: What is limited, in words.
    """

    variable: str
    default: int
    of: str

    @property
    def value(self) -> int:
        """The limit in bytes. Raises OptionError where the variable is not a size."""
        text = os.environ.get(self.variable, "")
        if not text:
            return self.default
        try:
            return parse_amount(text)
        except ValueError as error:
            raise OptionError(f"{self.variable}='{text}' is not a size. Write it like 2GB.") from error

    def check(self, declared: int, what: str, error: type[GanzooError]) -> None:
        """Raise ``error`` where ``what`` declares more bytes than the limit."""
        if declared > self.value:
            raise error(
                f"{what} would take {declared:,} bytes, more than the limit of {self.value:,} for {self.of}. "
                f"If you trust it, raise the limit: {self.variable}={-(-declared // 10**6)}MB."
            )


TEXT = Limit("GANZOO_MAX_TEXT", 64 * 2**20, "a text file")  # config.json, registries, run.json, scores
FILE = Limit("GANZOO_MAX_FILE", 2**30, "one file of data")  # an image, a member of an archive, an IDX file unpacked
IMAGES = Limit("GANZOO_MAX_IMAGES", 8 * 2**30, "generated images in memory")
WEIGHTS = Limit("GANZOO_MAX_WEIGHTS", 8 * 2**30, "the tensors of a checkpoint or network")
