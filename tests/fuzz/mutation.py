"""Mutations of real files: a function of the file, the number of the mutation and nothing else."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

EXTREMES = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]
# What a text file's numbers and words become.
WORDS = [
    *(b"0", b"-1", b"1e999", b"NaN", b"Infinity", b"9" * 400, b"9" * 20, b"0.5", b"true", b"null", b'"x"', b"[]"),
    *(b"{}", b'"../../x"', b'"/dev/zero"', b'"\\u0000"', b'"\\u001b[2J"', b'"' + b"x" * 5000 + b'"', b"[" * 2000),
    b'{"a":' * 500,
]
TOKEN = re.compile(rb'"[^"]*"|-?\d+(?:\.\d+)?|true|false|null')


def mutate(seeds: list[bytes], number: int) -> bytes:
    """Return mutation ``number`` of one of the files: one to eight changes."""
    chance = random.Random(number)
    content = bytearray(seeds[number % len(seeds)])
    for _ in range(chance.choice([1, 1, 1, 2, 2, 4, 8])):
        chance.choice(CHANGES)(content, chance, seeds)
    return bytes(content)


def _flip_bit(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _near_the_head(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    if content:
        content[chance.randrange(min(len(content), 128))] = chance.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF])


def _set_number(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    """Put an extreme number of 1 to 8 bytes somewhere, in either byte order."""
    size = chance.choice([1, 2, 4, 4, 8])
    if len(content) >= size:
        place = chance.randrange(len(content) - size + 1)
        value = chance.choice(EXTREMES) % 2 ** (8 * size)
        content[place : place + size] = value.to_bytes(size, chance.choice(["little", "big"]))


def _cut_off(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    del content[chance.randrange(len(content) + 1) :]


def _cut_out(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    place = chance.randrange(len(content) + 1)
    del content[place : place + chance.choice([1, 2, 4, 16, 256])]


def _repeat(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    place = chance.randrange(len(content) + 1)
    content[place:place] = bytes(content[place : place + chance.choice([1, 4, 16, 256])]) * chance.choice([1, 2, 50])


def _insert(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    place = chance.randrange(len(content) + 1)
    content[place:place] = chance.randbytes(chance.choice([1, 4, 64]))


def _splice(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    """Continue with the end of another file."""
    other = chance.choice(seeds)
    content[chance.randrange(len(content) + 1) :] = other[chance.randrange(len(other) + 1) :]


def _replace_word(content: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    """Replace a number, word or text of JSON."""
    found = list(TOKEN.finditer(bytes(content[:100_000])))
    if found:
        match = chance.choice(found)
        content[match.start() : match.end()] = chance.choice(WORDS)


CHANGES: list[Callable[[bytearray, random.Random, list[bytes]], None]] = [
    *(_flip_bit, _near_the_head, _set_number, _set_number, _cut_off, _cut_out),
    *(_repeat, _insert, _splice, _replace_word, _replace_word),
]
