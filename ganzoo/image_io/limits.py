"""How much is decoded at once."""

from __future__ import annotations

MAX_PIXELS = 178_956_970  # where Pillow refuses too; 512 MiB as RGB
