"""What an option can be: limits as annotations, checked when something is built, and the words for them.

``width: Annotated[int, Ge(1)] = 64`` is an option that is at least 1. The names below are the ones that options need
most. Imports neither torch nor pydantic, so that `ganzoo list` stays light.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, Gt, Interval, Le, Lt, MinLen, MultipleOf

PositiveInt: TypeAlias = Annotated[int, Ge(1)]
NonNegativeInt: TypeAlias = Annotated[int, Ge(0)]
PositiveFloat: TypeAlias = Annotated[float, Gt(0)]
NonNegativeFloat: TypeAlias = Annotated[float, Ge(0)]
Fraction: TypeAlias = Annotated[float, Interval(ge=0, le=1)]
ProperFraction: TypeAlias = Annotated[float, Interval(ge=0, lt=1)]
Enlargement: TypeAlias = Annotated[float, Interval(ge=1, le=8)]

_WORDS = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "none",
    dict: "a dictionary",
}
_PLURAL = {int: "integers", float: "numbers", bool: "true or false", str: "texts"}
_OF_TYPE = "_type"


@dataclass(frozen=True)
class Check:
    """A limit in code, for what numbers cannot say: ``image_size: Annotated[int, Check(split_size)] = 64``.

    Attributes:
        function: Called with the value; what it returns is ignored. It raises a ValueError that says what would be
            right, as "image_size=50 should be a multiple of 4".
    """

    function: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Tell pydantic to call the function after the type and the limits before this one."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: Any) -> Any:
        self.function(value)
        return value


def _not_one(classes: int) -> None:
    if classes < 0 or classes == 1:
        raise ValueError(f"classes={classes} should be 0, for the data's, or at least 2")


ClassCount: TypeAlias = Annotated[int, Check(_not_one)]


def limits(hint: Any) -> str:
    """Return what an annotation allows beyond its type, in words: "at least 1"; "" where it allows everything."""
    if get_origin(hint) is not Annotated:
        return ""
    found: dict[str, Any] = {}
    for marker in _unpacked(get_args(hint)[1:]):
        for kind, name in ((Ge, "ge"), (Gt, "gt"), (Le, "le"), (Lt, "lt")):
            if isinstance(marker, kind):
                found[name] = getattr(marker, name)
        if isinstance(marker, MultipleOf):
            found["multiple"] = marker.multiple_of
        if isinstance(marker, MinLen) and marker.min_length == 1:
            found["text"] = "not empty"
    return ", ".join(filter(None, (_multiple(found), _range(found), found.get("text", ""))))


def type_words(hint: Any) -> str:
    """Return the type of an annotation in words: "an integer", "'batch' or 'none'"."""
    if get_origin(hint) is Annotated:
        return type_words(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return _either([repr(choice) for choice in get_args(hint)])
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(type_words(each) for each in get_args(hint))
    if get_origin(hint) is dict:
        return "a dictionary"
    if get_origin(hint) in (tuple, list):
        inner = next((each for each in get_args(hint) if each is not Ellipsis), None)
        return f"a list of {_PLURAL.get(inner, 'values')}" if inner else "a list"  # type: ignore[arg-type]
    return _WORDS.get(hint, "") or str(getattr(hint, "__name__", hint))


def wrong_value(name: str, value: Any, hint: Any, error: str, message: str) -> str:
    """Return what is wrong with one value and what would be right, without a full stop.

    Args:
        name: The option.
        value: What was given.
        hint: The option's annotation.
        error: What pydantic calls the error, as "greater_than_equal".
        message: Its own words, of use for a `Check`.
    """
    if error == "value_error":
        own = message.removeprefix("Value error, ")
        return own if own.startswith(name) else f"{name}={value!r} is not right: {own}"
    if error.endswith(_OF_TYPE) or error in ("literal_error", "finite_number") or not limits(hint):
        right = ", ".join(filter(None, (type_words(hint), limits(hint))))
    else:
        right = limits(hint)
    return f"{name}={value!r} should be {right}"


def _unpacked(markers: tuple[Any, ...]) -> Iterator[Any]:
    for marker in markers:
        if isinstance(marker, GroupedMetadata):
            yield from marker
        else:
            yield marker


def _multiple(found: dict[str, Any]) -> str:
    if "multiple" not in found:
        return ""
    return "even" if found["multiple"] == 2 else f"a multiple of {found['multiple']}"


def _range(found: dict[str, Any]) -> str:
    low, high = found.get("ge", found.get("gt")), found.get("le", found.get("lt"))
    if low is None and high is None:
        return ""
    if high is None:
        return f"above {low}" if "gt" in found else f"at least {low}"
    if low is None:
        return f"below {high}" if "lt" in found else f"at most {high}"
    start = f"above {low} and" if "gt" in found else f"from {low}"
    if "gt" in found:
        return f"{start} {'below' if 'lt' in found else 'at most'} {high}"
    return f"{start} up to, not including, {high}" if "lt" in found else f"{start} to {high}"


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
