"""Untrusted options become a checked config, or one clear error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError, PluginError


@dataclass(frozen=True)
class Mixed(Config):
    width: int = 64
    rate: float = 2e-4
    dropout: bool = False
    norm: Literal["batch", "none"] = "batch"
    channels: Literal[1, 3] = 3
    title: str = ""
    limit: int | None = None
    stages: tuple[int, ...] = field(default_factory=lambda: (1, 2))

    def __post_init__(self) -> None:
        if self.width % 4:
            raise ValueError(f"width={self.width} should be a multiple of 4, as 64")


MIXED = Entry(kind="generator", name="mixed", config=Mixed, build=object, summary="For tests", task="image-to-image")


def refusal(**values):
    with pytest.raises(OptionError) as raised:
        options.parse(MIXED, values)
    return str(raised.value)


def test_defaults_are_the_configs_own():
    assert options.parse(MIXED, {}) == Mixed()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("width", "4", 4),
        ("rate", "0.5", 0.5),
        ("rate", "1e-3", 1e-3),
        ("rate", 1, 1.0),
        ("dropout", "true", True),
        ("dropout", "false", False),
        ("norm", "none", "none"),
        ("channels", "1", 1),
        ("channels", 3, 3),
        ("title", "4", "4"),
        ("limit", "7", 7),
        ("limit", None, None),
        ("stages", [3, "4"], (3, 4)),
    ],
)
def test_text_and_json_are_converted_to_the_options_type(name, text, value):
    parsed = getattr(options.parse(MIXED, {name: text}), name)
    assert parsed == value and type(parsed) is type(value)


def test_unknown_option_is_reported_the_nearest_and_all():
    assert refusal(widht=4) == (
        "generator:mixed has no option 'widht'. Did you mean 'width'? Its options are: "
        "width, rate, dropout, norm, channels, title, limit, stages."
    )


def test_unknown_option_of_an_entry_without_options_is_reported_so():
    entry = Entry(kind="loss", name="plain", config=Config, build=object, summary="For tests")
    with pytest.raises(OptionError, match=r"loss:plain has no option 'margin'\. Its options are: none\."):
        options.parse(entry, {"margin": 1})


@pytest.mark.parametrize(
    ("name", "value", "start", "default"),
    [
        ("width", "wide", "width='wide' is not right: Input should be a valid integer", "64"),
        ("width", 4.5, "width=4.5 is not right: Input should be a valid integer", "64"),
        ("rate", "fast", "rate='fast' is not right: Input should be a valid number", "0.0002"),
        ("dropout", "perhaps", "dropout='perhaps' is not right: Input should be a valid boolean", "False"),
        ("norm", "layer", "norm='layer' is not right: Input should be 'batch' or 'none'", "'batch'"),
        ("channels", "4", "channels='4' is not right: Input should be 1 or 3", "3"),
        ("stages", [1, "x"], "stages=[1, 'x'] is not right: Input should be a valid integer", "(1, 2)"),
    ],
)
def test_wrong_value_is_shown_with_what_would_be_right_and_the_default(name, value, start, default):
    message = refusal(**{name: value})
    assert message.startswith(f"generator:mixed: {start}")
    assert message.endswith(f". The default is {default}.")
    assert ".." not in message and "pydantic" not in message and "\n" not in message


def test_configs_own_limit_speaks_in_its_own_words():
    assert refusal(width=6) == "generator:mixed: width=6 should be a multiple of 4, as 64."


def test_config_whose_types_cannot_be_checked_is_the_plugins_fault():
    @dataclass(frozen=True)
    class Odd(Config):
        thing: Unheard = None  # noqa: F821 - the point of this test

    entry = Entry(kind="loss", name="odd", config=Odd, build=object, summary="For tests")
    with pytest.raises(PluginError, match=r"loss:odd: the types in Odd cannot be checked: .*Unheard"):
        options.parse(entry, {})


def test_names_are_in_the_configs_order():
    assert options.names(MIXED)[:3] == ["width", "rate", "dropout"]


def test_dict_is_what_json_holds_and_parses_back():
    config = options.parse(MIXED, {"width": 8, "stages": [5]})
    values = options.as_dict(config)
    assert values["width"] == 8 and values["stages"] == [5] and values["limit"] is None
    assert options.parse(MIXED, values) == config


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.spec)
def test_every_entrys_defaults_survive_json_and_text(entry):
    config = options.parse(entry, {})
    values = options.as_dict(config)
    assert options.parse(entry, values) == config
    as_text = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
    plain = {name for name, value in values.items() if isinstance(value, (bool, int, float, str))}
    assert options.parse(entry, {name: as_text[name] for name in plain}) == config
