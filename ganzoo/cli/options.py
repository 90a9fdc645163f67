"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ganzoo.cli import completion
from ganzoo.contracts.tasks import INPUTS

F = TypeVar("F", bound=Any)


def device(function: F) -> F:
    return click.option("--device", default="auto", show_default=True, help="Device: auto, cpu, cuda, cuda:1 or mps.")(
        function
    )


def runtime(function: F) -> F:
    """Add the options of `ganzoo.load`: device, dtype, engine, token."""
    for option in (
        click.option(
            "--engine",
            default="auto",
            show_default=True,
            help="Engine: auto, torch, compile, onnxruntime or openvino.",
        ),
        click.option(
            "--dtype",
            default=None,
            help="Data type: float32 (default), float16, bfloat16 or int8, if the engine supports it.",
        ),
    ):
        function = option(function)
    return device(token(function))


def token(function: F) -> F:
    return click.option("--token", help="Hub token. [default: HF_TOKEN, or the token saved by `hf auth login`]")(
        function
    )


def conditioning(*names: str) -> Callable[[F], F]:
    """Add an option for each conditioning input in ``names``: label, mask or style."""

    def decorate(function: F) -> F:
        for name in reversed(names):
            metavar = "NAME" if name == "label" else "IMAGE"
            complete = completion.label if name == "label" else None
            option = click.option(
                f"--{name}", metavar=metavar, shell_complete=complete, help=f"{INPUTS[name].capitalize()}."
            )
            function = option(function)
        return function

    return decorate


def assignments(function: F) -> F:
    """Add --set KEY=VALUE, for options of the generator that its weights do not depend on."""
    return click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=completion.model_option,
        help="Set an option of the generator, such as steps=100.",
    )(function)


def as_json(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
