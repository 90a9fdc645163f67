"""Untrusted options become a checked config, or one clear error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Interval, Le, MinLen, MultipleOf

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.limits import Check, PositiveFloat, PositiveInt, ProperFraction
from ganzoo.contracts.option_text import OptionText
from ganzoo.errors import OptionError, PluginError


def check_odd(odd):
    if odd % 2 == 0:
        raise ValueError(f"odd={odd} should be odd, as 3")


def check_word(word):
    if word != "a":
        raise ValueError(f"{word!r} is no word")


@dataclass(frozen=True)
class Mixed(Config):
    width: PositiveInt = 64
    rate: PositiveFloat = 2e-4
    dropout: bool = False
    norm: Literal["batch", "none"] = "batch"
    channels: Literal[1, 3] = 3
    title: str = ""
    limit: int | None = None
    stages: tuple[int, ...] = field(default_factory=lambda: (1, 2))
    share: ProperFraction = 0.5
    even: Annotated[int, MultipleOf(2), Interval(ge=2, le=8)] = 4
    third: Annotated[int, MultipleOf(3)] = 3
    below: Annotated[int, Le(8)] = 8
    positive: Annotated[float, Interval(gt=0, le=1)] = 1.0
    name: Annotated[str, MinLen(1)] = "x"
    blur: bool | Literal["down", "up"] = False
    odd: Annotated[int, Ge(1), Check(check_odd)] = 3
    word: Annotated[str, Check(check_word)] = "a"

    def __post_init__(self) -> None:
        if self.width % 4 and self.title:
            raise ValueError(f"width={self.width} should be a multiple of 4 with a title, as 64")


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
        ("dropout", "true", True),
        ("dropout", "false", False),
        ("norm", "none", "none"),
        ("channels", "1", 1),
        ("title", "4", "4"),
        ("limit", "7", 7),
        ("share", "0.25", 0.25),
    ],
)
def test_text_of_a_command_line_is_read_as_the_options_type(name, text, value):
    parsed = getattr(options.parse(MIXED, {name: OptionText(text)}), name)
    assert parsed == value and type(parsed) is type(value)
    if name != "title" and name != "norm":  # in Python, text is text
        assert f"{name}={text!r} should be" in refusal(**{name: text})


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [("rate", 1, 1.0), ("channels", 3, 3), ("limit", None, None), ("stages", [3, 4], (3, 4)), ("stages", (5,), (5,))],
)
def test_what_json_holds_of_the_type_is_taken(name, given, value):
    parsed = getattr(options.parse(MIXED, {name: given}), name)
    assert parsed == value and type(parsed) is type(value)


def test_unknown_option_is_reported_the_nearest_and_all():
    assert refusal(widht=4) == (
        "generator:mixed has no option 'widht'. Did you mean 'width'? Its options are: "
        "width, rate, dropout, norm, channels, title, limit, stages, share, even, third, below, positive, name, blur, "
        "odd, word."
    )


def test_unknown_option_of_an_entry_without_options_is_reported_so():
    entry = Entry(kind="loss", name="plain", config=Config, build=object, summary="For tests")
    with pytest.raises(OptionError, match=r"loss:plain has no option 'margin'\. Its options are: none\."):
        options.parse(entry, {"margin": 1})


@pytest.mark.parametrize(
    ("name", "value", "right", "default"),
    [
        ("width", "wide", "an integer, at least 1", "64"),
        ("width", OptionText("wide"), "an integer, at least 1", "64"),
        ("width", 4.5, "an integer, at least 1", "64"),
        ("width", 8.0, "an integer, at least 1", "64"),
        ("width", True, "an integer, at least 1", "64"),
        ("width", 0, "at least 1", "64"),
        ("rate", "fast", "a number, above 0", "0.0002"),
        ("rate", -1, "above 0", "0.0002"),
        ("rate", math.nan, "a number, above 0", "0.0002"),
        ("share", 2, "from 0 up to, not including, 1", "0.5"),
        ("even", 3, "even, from 2 to 8", "4"),
        ("third", 4, "a multiple of 3", "3"),
        ("below", 9, "at most 8", "8"),
        ("positive", 0.0, "above 0 and at most 1", "1.0"),
        ("name", "", "not empty", "'x'"),
        ("dropout", "perhaps", "true or false", "False"),
        ("norm", "layer", "'batch' or 'none'", "'batch'"),
        ("channels", "4", "1 or 3", "3"),
        ("blur", "left", "true or false or 'down' or 'up'", "False"),
        ("limit", "x", "an integer or none", "None"),
        ("stages", [1, "x"], "a list of integers", "(1, 2)"),
        ("width", {1}, "an integer, at least 1", "64"),
    ],
)
def test_wrong_value_is_shown_with_what_would_be_right_and_the_default(name, value, right, default):
    assert refusal(**{name: value}) == (
        f"generator:mixed: {name}={value!r} should be {right}. The default is {default}."
    )


def test_a_check_in_code_names_the_option_itself_or_is_named():
    assert refusal(odd=2) == "generator:mixed: odd=2 should be odd, as 3. The default is 3."
    assert refusal(word="b") == "generator:mixed: word='b' is not right: 'b' is no word. The default is 'a'."
    assert refusal(odd=0) == "generator:mixed: odd=0 should be at least 1. The default is 3."


def test_configs_own_limit_speaks_in_its_own_words():
    assert refusal(width=6, title="x") == "generator:mixed: width=6 should be a multiple of 4 with a title, as 64."


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
    assert options.parse(entry, {name: OptionText(as_text[name]) for name in plain}) == config
