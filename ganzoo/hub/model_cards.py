"""The Hub's model cards: a README.md with a head in YAML. Asks no network."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ganzoo.errors import OptionError
from ganzoo.files.parsing import parse_yaml

_CARD_HEAD = re.compile(r"\s*---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)


def model_card(front: dict[str, Any], body: str) -> str:
    """Return the text of a README.md: `front` as its YAML head, then the Markdown `body`.

    Raises OptionError when a value of `front` would not come back from YAML as it went in.
    """
    try:
        head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    except yaml.YAMLError as error:
        raise OptionError(f"The head of a model card takes text, numbers, lists and dicts only: {error}.") from error
    text = f"---\n{head}---\n\n{body.strip()}\n"
    came_back = read_head(text)
    for key, value in front.items():
        if came_back.get(key) != value:
            raise OptionError(
                f"The model card's '{key}' cannot be {value!r}: YAML would make it {came_back.get(key)!r}."
            )
    return text


def read_head(text: str) -> dict[str, Any]:
    """Return the YAML head of a model card, {} if it has none; ValueError if it cannot be read."""
    match = _CARD_HEAD.match(text)
    head = (parse_yaml(match[1]) if match else None) or {}
    if not isinstance(head, dict):
        raise ValueError(f"it reads as a {type(head).__name__}")  # its repr may be endless: YAML has references
    return head
