"""YAML from elsewhere: a value, or one short sentence."""

from __future__ import annotations

import pytest

from ganzoo.files.parsing import MAX_VALUES, is_number, parse_json, parse_yaml

BOMB = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))])


def test_values_come_as_yaml_has_them() -> None:
    assert parse_yaml("a: 1\nb: [x, 2.5, null]\n") == {"a": 1, "b": ["x", 2.5, None]}
    assert parse_yaml("a: &one {x: 1}\nb: *one\n") == {"a": {"x": 1}, "b": {"x": 1}}
    assert parse_yaml("") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 5000, "nested too deeply"),
        ("{a: " * 5000, "nested too deeply"),
        ("a: 2020-13-45", "month must be in 1..12"),
        ("a: " + "9" * 5000, "Exceeds the limit"),
        ("[unclosed", "expected ',' or ']'"),
        ("? [a]\n: b\n", "unhashable key"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: \0", "special characters are not allowed"),
        (BOMB, f"more than {MAX_VALUES:,} values"),
        ("a: &a [*a]", f"more than {MAX_VALUES:,} values"),
    ],
)
def test_what_is_not_yaml_or_too_much_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]{5,250}$") as raised:
        parse_yaml(text)
    assert words in str(raised.value)


def test_json_is_a_value_or_one_sentence() -> None:
    assert parse_json('{"a": [1, null]}') == {"a": [1, None]}
    for text in ("[" * 100_000, "{", "9" * 5000):
        with pytest.raises(ValueError, match=r"^[^\n]{5,250}$"):
            parse_json(text)


def test_numbers_are_finite_and_of_ordinary_size() -> None:
    assert all(is_number(value) for value in (0, -1, 2.5, 2**62))
    assert not any(is_number(value) for value in (True, None, "1", float("nan"), float("-inf"), 10**400, [1]))
