"""A short run of every reader on mutated files, and every file that once failed. `scripts/fuzz` is the long run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fuzz.mutation import mutate
from fuzz.readers import READERS
from fuzz.run import CORPUS, GOOD, Child, fuzz, replay

from ganzoo.cards.card import card_from_dict
from ganzoo.demo.examples import Examples
from ganzoo.demo.visitors import Hosts, Uploads
from ganzoo.errors import GanzooError
from ganzoo.files.limits import parse_amount
from ganzoo.files.terminal import clean, clean_json

COUNT = 20  # mutations of each reader
FIELDS = ["name", "entry", "task", "image_size", "out_channels", "options", "weights", "scores", "classes", "training"]


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with Child(tmp_path_factory.mktemp("fuzz")) as one:
        yield one


@pytest.mark.parametrize("reader", READERS)
def test_mutated_files_are_read_or_refused(child: Child, reader: str) -> None:
    result = fuzz(child, reader, 0, COUNT)
    assert [(outcome, detail) for outcome, detail, _ in result.failures] == []
    assert sum(result.counts.values()) == COUNT


def test_what_once_failed_is_read_or_refused(child: Child) -> None:
    kept = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    answers = {f"{path.parent.name}/{path.name}": replay(child, path) for path in kept}
    assert len(kept) > 10
    assert {name: answer for name, answer in answers.items() if answer["outcome"] not in GOOD} == {}


def test_mutations_depend_on_their_number_only() -> None:
    seeds = [b"\x89PNG one", b'{"a": 1}']
    assert [mutate(seeds, number) for number in range(50)] == [mutate(seeds, number) for number in range(50)]
    assert len({mutate(seeds, number) for number in range(200)}) > 150


def test_a_child_that_hangs_or_dies_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "fuzz"
    program.mkdir()
    (program / "__init__.py").touch()
    (program / "child.py").write_text(
        "import sys, time, os\nsys.stdin.readline()\nos._exit(3) if %r else time.sleep(60)\n"
    )
    source = (program / "child.py").read_text()
    for dies, outcome in ((True, "crash"), (False, "hang")):
        (program / "child.py").write_text(source % dies)
        monkeypatch.setattr("fuzz.run.HERE", program)
        monkeypatch.setattr("fuzz.run.START", 20.0 if dies else 1.0)
        with Child(tmp_path) as one:
            assert [answer["outcome"] for answer in one.ask({"reader": "png"})] == [outcome]


def holds_for_any(check: Callable[..., None], strategies: Callable[..., Sequence[Any]]) -> None:
    """Call a check with values that hypothesis draws; it takes half a second to import.

    Args:
        check: Takes one value of each strategy.
        strategies: Called with ``hypothesis.strategies`` and a strategy of JSON values.
    """
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    )
    quick = settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    quick(given(*strategies(st, json_values))(check))()


def test_any_json_as_a_card_is_a_card_or_refused() -> None:
    def check(values: dict[str, object]) -> None:
        try:
            card = card_from_dict({**json.loads(json.dumps(values))}, "here")
        except GanzooError as error:
            assert "here" in str(error)
        else:
            assert isinstance(card.name, str)

    holds_for_any(
        check, lambda st, json: [st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), json, max_size=10)]
    )


def test_no_payload_passes_with_a_path(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, Examples({}))

    def check(value: object, path: str) -> None:
        passed = json.dumps(uploads.replace_refused({"data": [value, {"path": f"/{path}", "x": value}]}, "me"))
        assert json.loads(passed)["data"][1] == {"path": ""}

    holds_for_any(check, lambda st, json: [json, st.text(max_size=20)])


def test_no_host_but_its_own_is_accepted() -> None:
    hosts = Hosts("127.0.0.1")

    def check(host: str, origin: str | None) -> None:
        if hosts.accepts(host, origin):
            assert host.lower().startswith(("127.0.0.1", "localhost")) and (
                origin is None or origin.lower().endswith(host.lower())
            )

    holds_for_any(check, lambda st, json: [st.text(max_size=40), st.none() | st.text(max_size=40)])


def test_any_text_can_be_printed() -> None:
    def check(text: str) -> None:
        assert clean(clean(text)) == clean(text)
        assert not set(clean(text)) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}
        assert json.loads(clean_json(json.dumps(text, ensure_ascii=False))) == text

    holds_for_any(check, lambda st, json: [st.text(max_size=200)])


def test_any_amount_is_a_number_or_refused() -> None:
    def check(text: str) -> None:
        try:
            assert 1 <= parse_amount(text) < 2**63
        except ValueError as error:
            assert str(error) == text

    holds_for_any(check, lambda st, json: [st.text(alphabet="0123456789.kKmMgGtTiIbB -e", max_size=450)])


def test_a_check_that_fails_is_found() -> None:
    with pytest.raises(AssertionError, match="zero"):
        holds_for_any(_fail_at_zero, lambda st, json: [st.sampled_from("0123")])


def _fail_at_zero(text: str) -> None:
    assert text != "0", "zero"
