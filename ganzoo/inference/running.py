"""A model's engine at work: the generator attached, or its conversion opened, converted first where need be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganzoo.cards.card import Card
from ganzoo.contracts.engine import Runner, Signature
from ganzoo.errors import DeviceError, GanzooError, MeasuredDifference, OptionError, OutputError, UnsuitedNetwork
from ganzoo.inference import conversions, engine_timing
from ganzoo.inference.engine_selection import Choice
from ganzoo.inference.engine_timing import Timing
from ganzoo.inference.network_errors import explained
from ganzoo.inference.workload import Workload

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ganzoo.contracts.engine import Array
    from ganzoo.inference.conversions import Conversion

Log = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """What runs a model: ``run`` on arrays, and ``module`` on tensors where the engine is torch's.

    memory   bytes per pixel of a whole image, 0 where unknown
    """

    choice: Choice
    run: Runner
    signature: Signature
    global_skip: bool
    scale: int = 1
    memory: float = 0.0
    module: Callable[..., Tensor] | None = None


def start(
    choices: Sequence[Choice],
    card: Card,
    generator: Callable[[], nn.Module],
    calibration: Callable[[Signature], Sequence[Array]],
    log: Log,
    work: Workload,
) -> Running:
    """Return what runs the model: of several ``choices`` the one that does ``work`` first.

    Others that refuse the model are logged; those that never take it or compute something else are remembered.

    Args:
        choices: The engines to try.
        card: The model's.
        generator: Returns the network, in the requested type and on the requested device.
        calibration: Returns images for int8.
        log: Called with a line of text.
        work: What the model will do.

    Raises:
        DeviceError: None can.
    """

    def attempt(choice: Choice) -> Running | None:
        try:
            return _start(choice, card, generator, calibration, log)
        except OutputError as error:  # the cache cannot be written
            log(str(error))
        except (UnsuitedNetwork, MeasuredDifference) as error:
            if isinstance(error, MeasuredDifference) or not choice.engine.selective:
                log(str(error))
            with suppress(OutputError):  # where it cannot be remembered, it is measured again
                conversions.refuse(card, choice.name, choice.engine, choice.dtype, str(error))
        except DeviceError as error:  # a full disk or a missing library may be the reason: it is tried again
            if not _is_refused(choice, card):
                log(str(error))
        return None

    def measure(choice: Choice, side: int) -> Timing | None:
        if _is_refused(choice, card):
            return None
        if not choice.engine.torch_free:
            with suppress(GanzooError):  # which it raises below again
                generator()  # imports torch, whose seconds are added below, and reads the weights, as all of these do
        began = time.perf_counter()
        if (running := attempt(choice)) is None:
            return None
        if choice.engine.torch_free:
            began = time.perf_counter()  # without its conversion, which is made once
            running = attempt(choice) or running
        try:
            opened = time.perf_counter() - began
            shrink = not choice.engine.one_size  # another size would be another start
            first, image = engine_timing.time_runner(running.run, running.signature, side, shrink=shrink)
        except Exception as error:  # torch.compile raises whatever it likes, without a compiler for example
            log(f"{choice.name} does not run {card.name}: {type(error).__name__}.")
            return None
        imports = engine_timing.import_seconds(choice.engine.packages[:1] or ("torch",))
        return Timing(imports + opened + first, image)

    ranked = engine_timing.fastest_first(choices, card, work, measure)
    for choice in ranked[:-1]:
        if running := attempt(choice):
            return running
        log(f"Going on with {ranked[ranked.index(choice) + 1].name}.")
    return _start(ranked[-1], card, generator, calibration, log)


def _start(
    choice: Choice,
    card: Card,
    generator: Callable[[], nn.Module],
    calibration: Callable[[Signature], Sequence[Array]],
    log: Log,
) -> Running:
    if choice.engine.torch_free:
        return _open(choice, card, _conversion(choice, card, generator, calibration, log))
    network = generator()
    module = choice.engine.attach(network)
    skips, scale = bool(getattr(network, "global_skip", False)), int(getattr(network, "scale", 1))
    signature = conversions.signature_of(card, network)
    return Running(choice, _on_arrays(network, module, card), signature, skips, scale, module=module)


def _conversion(
    choice: Choice,
    card: Card,
    generator: Callable[[], nn.Module],
    calibration: Callable[[Signature], Sequence[Array]],
    log: Log,
) -> Conversion:
    """Return the conversion in the cache, or make it."""
    found = conversions.find(card, choice.name, choice.engine, choice.dtype)
    if found is not None and found.facts.refused:
        raise DeviceError(found.facts.refused)
    images: Sequence[Array] = ()
    if choice.dtype == "int8":
        network = generator() if found is None else None
        signature = _signature(card, found) if network is None else conversions.signature_of(card, network)
        images = calibration(signature)
        if not images and found is None:
            raise OptionError(
                f"int8 needs images to calibrate {card.name}, once: give --calibration FOLDER with a few dozen "
                "images like those it will translate."
            )
    if found is not None and (not images or conversions.fingerprint(images) == found.facts.calibration):
        return found
    log(f"Converting {card.name} for {choice.name} in {choice.dtype}, once.")
    conversion = conversions.make(card, generator(), choice.name, choice.engine, choice.dtype, images)
    facts = conversion.facts
    log(
        f"Done: {facts.speed:.2g} times as fast as torch in float32 just now, values differ by up to "
        f"{facts.difference:.2g} in [-1, 1]{_in_units(card, facts.difference)}, PSNR {facts.psnr:.1f} dB."
    )
    return conversion


def _in_units(card: Card, difference: float) -> str:
    """Return a difference in [-1, 1] in the units of the output's channels, where the card has them."""
    parts = [
        f"{difference * abs(channel.range[1] - channel.range[0]) / 2:.2g} {channel.unit}".rstrip()
        + (f" of {channel.name}" if channel.name else "")
        for channel in card.output_channels
        if channel.range and channel.transform == "linear"
    ]
    return f" ({', '.join(dict.fromkeys(parts))})" if parts else ""


def _open(choice: Choice, card: Card, conversion: Conversion) -> Running:
    facts = conversion.facts
    run = choice.engine.open(conversion.folder, choice.dtype)
    return Running(choice, run, _signature(card, conversion), facts.global_skip, card.scale, facts.memory)


def _signature(card: Card, conversion: Conversion | None) -> Signature:
    stride, least = (conversion.facts.stride, conversion.facts.least) if conversion else (1, 0)
    translates = card.does.source == "image"
    return Signature(card.in_channels, stride, least=least) if translates else Signature(latent_dim=card.latent_dim)


def _is_refused(choice: Choice, card: Card) -> bool:
    found = conversions.find(card, choice.name, choice.engine, choice.dtype)
    return found is not None and bool(found.facts.refused)


def _on_arrays(network: nn.Module, module: Callable[..., Tensor], card: Card) -> Runner:
    """Return ``module`` as a function of float32 arrays; it computes on its own device and in its own type."""
    import torch

    like = next((one for one in network.parameters() if one.is_floating_point()), torch.zeros(()))

    def tensor(array: Array) -> Tensor:
        own = torch.from_numpy(array).to(like.device)
        return own.to(like.dtype) if own.is_floating_point() else own

    def run(*arrays: Array) -> Array:
        with torch.inference_mode(), explained(card, [array.shape for array in arrays]):
            output: Array = module(*map(tensor, arrays)).float().cpu().numpy()
        return output

    return run
