"""Write docs/registry.schema.json: the JSON schema of registry files, generated from the types that read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic

from ganzoo.cards.card import Card
from ganzoo.cards.registry import FORMAT
from ganzoo.files.atomic import replacing

PATH = Path(__file__).parent.parent / "docs" / "registry.schema.json"


def schema() -> dict[str, Any]:
    """Return the schema of a whole registry file."""
    cards = pydantic.TypeAdapter(list[Card]).json_schema()
    definitions = cards.pop("$defs")
    for definition in definitions.values():
        definition["additionalProperties"] = False  # readers reject unknown fields
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A registry of ganzoo models",
        "type": "object",
        "properties": {"format": {"const": FORMAT}, "cards": cards},
        "required": ["format", "cards"],
        "additionalProperties": False,
        "$defs": definitions,
    }


if __name__ == "__main__":
    with replacing(PATH) as temporary:
        temporary.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
