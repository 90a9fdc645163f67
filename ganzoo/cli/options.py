"""Options that mean the same in every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ganzoo.contracts.tasks import INPUTS

F = TypeVar("F", bound=Any)


def device(function: F) -> F:
    return click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")(function)


def running(function: F) -> F:
    """Add the options of `ganzoo.load`: device, dtype, engine, token."""
    for option in (
        click.option(
            "--engine",
            default="auto",
            show_default=True,
            help="What runs it: auto, torch, compile, onnxruntime, openvino.",
        ),
        click.option("--dtype", default=None, help="float32 (default), float16, bfloat16 or int8, as the engine can."),
    ):
        function = option(function)
    return device(token(function))


def token(function: F) -> F:
    return click.option("--token", help="Hub token; else HF_TOKEN, or what `hf auth login` left.")(function)


def conditioning(*names: str) -> Callable[[F], F]:
    """Add an option for each of ``names``, out of what a model's task may take beside a picture."""

    def decorate(function: F) -> F:
        for name in reversed(names):
            metavar = "NAME" if name == "label" else "PICTURE"
            function = click.option(f"--{name}", metavar=metavar, help=f"{INPUTS[name].capitalize()}.")(function)
        return function

    return decorate


def assignments(function: F) -> F:
    """Add --set KEY=VALUE, for options of the architecture that its weights do not depend on."""
    return click.option(
        "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Option of the generator, as steps=100."
    )(function)


def as_json(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
