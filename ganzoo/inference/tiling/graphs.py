"""A generator as a graph of operations that can be computed by rows, traced with torch.fx."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.node import map_arg

from ganzoo.inference.tiling.functions import cropping, function_operation, is_image_mean, pieces
from ganzoo.inference.tiling.layers import IDENTITY, Operation, module_operation
from ganzoo.inference.tiling.tracing import Size, refusal, trace

VIEWS = (operator.getitem, "float")  # their result shares the memory of their input, or may do so


@dataclass(frozen=True)
class Step:
    """One operation on the results of earlier steps; step 0 is the image.

    Attributes:
        operation: How its rows are computed.
        inputs: The steps whose rows it needs.
        inplace: Without tiling, it changes its first input.
        source: The step whose statistics over the whole image it needs, None for none.
    """

    operation: Operation
    inputs: tuple[int, ...] = ()
    inplace: bool = False
    source: int | None = None


@dataclass(frozen=True)
class Shape:
    """Of a step's result (1, channels, height, width)."""

    channels: int
    height: int
    width: int
    dtype: torch.dtype

    @property
    def row(self) -> int:
        """Bytes of a row."""
        return self.channels * self.width * self.dtype.itemsize

    @property
    def size(self) -> int:
        """Bytes of the whole."""
        return self.height * self.row


class Graph:
    """The steps of a generator in the order in which they run, and which of them is its output.

    Attributes:
        sources: For each norm or attention over the whole image, the step whose statistics it needs.
        sized: It holds for images of the traced size alone.
    """

    def __init__(self, generator: nn.Module, size: Size = (3, 64, 64)) -> None:
        """Trace ``generator``, in evaluation mode, and make its layers work on copies of their inputs.

        Args:
            generator: The network.
            size: Channels, height and width of the image.

        Raises:
            OptionError: A layer or function, which the message names, cannot be computed by rows.
        """
        traced, values, self.sized = trace(generator, size)
        lowering = _Lowering(generator, values)
        self.steps, self.output = lowering.lower(traced)
        self.sized = self.sized or lowering.sized
        for layer in generator.modules():
            if hasattr(layer, "inplace"):
                setattr(layer, "inplace", False)  # noqa: B010 - mypy takes a module's attributes for tensors
        self.sources = {
            place: step.inputs[0] if step.source is None else step.source
            for place, step in enumerate(self.steps)
            if step.operation.groups is not None
        }

    def shapes(self, channels: int, height: int, width: int, dtype: torch.dtype) -> list[Shape]:
        """Return the shape of each step's result for an image of that size."""
        shapes = [Shape(channels, height, width, dtype)]
        for step in self.steps[1:]:
            inputs, operation = [shapes[one] for one in step.inputs], step.operation
            if len({(one.height, one.width) for one in inputs}) > 1:
                raise refusal("This generator combines rows of different sizes")
            shapes.append(
                Shape(
                    operation.channels(*(one.channels for one in inputs)),
                    operation.down.length(inputs[0].height),
                    operation.across.length(inputs[0].width),
                    operation.output_dtype(*(one.dtype for one in inputs)),
                )
            )
        return shapes

    def untiled_memory(self, shapes: list[Shape]) -> int:
        """Return the peak memory in bytes of a pass over the whole image, on a CPU.

        Convolutions of torch copy their input, and their output once or twice, into a layout of their own.
        """
        storage: list[int] = []  # steps that change their input in place have its storage
        last: dict[int, int] = {}
        for place, step in enumerate(self.steps):
            storage.append(storage[step.inputs[0]] if step.inplace else place)
            last |= {storage[one]: place for one in (place, *step.inputs)}
        last[0] = len(self.steps)  # the caller keeps the image all the time
        allocated = peak = 0
        for place, step in enumerate(self.steps):
            result = shapes[place]
            allocated += 0 if step.inplace else result.size
            times = step.operation.copies
            copies = max(shapes[step.inputs[0]].size, times * result.size) if times else 0
            peak = max(peak, allocated + copies)
            allocated -= sum(shapes[one].size for one, end in last.items() if end == place)
        return peak


@dataclass(frozen=True)
class _Pooled:
    """A value computed from the mean of a whole step: ``compute`` takes that mean (1, C, 1, 1)."""

    source: int
    compute: Callable[[Tensor], Any]


class _Lowering:
    """Turns traced nodes into steps.

    Attributes:
        places: Steps of nodes that depend on the image.
        pooled: Nodes that depend on the mean of a whole step alone.
        split: Nodes that are several pieces of a step: the step, and first and last channel of each.
        constants: All others.
        views: Pairs of steps that share memory, without tiling.
        sized: Rows or columns are cut off, which depends on the size.
    """

    def __init__(self, generator: nn.Module, values: dict[fx.Node, Any]) -> None:
        self.generator, self.values = generator, values
        self.steps: list[Step] = []
        self.places: dict[fx.Node, int] = {}
        self.pooled: dict[fx.Node, _Pooled] = {}
        self.split: dict[fx.Node, tuple[int, list[tuple[int, int]]]] = {}
        self.constants: dict[fx.Node, Any] = {}
        self.views: list[tuple[int, int]] = []
        self.order: dict[fx.Node, int] = {}
        self.sized = False

    def lower(self, traced: fx.Graph) -> tuple[list[Step], int]:
        """Return the steps, and the index of the output."""
        self.order = {node: index for index, node in enumerate(traced.nodes)}
        *nodes, output = traced.nodes
        for node in nodes:
            if node.op == "placeholder" and not node.args:
                self._lower_image(node)
            elif any(one in self.places or one in self.split for one in node.all_input_nodes):
                self._lower_call(node)
            elif any(one in self.pooled for one in node.all_input_nodes):
                self._lower_pooled(node)
            else:
                self.constants[node] = self._evaluated(node)
        result = output.args[0]
        if isinstance(result, (list, tuple)) and len(result) == 1:  # as torch.fx does where arguments have defaults
            result = result[0]
        if not isinstance(result, fx.Node) or result not in self.places:
            raise refusal("The generator does not return one image")
        return self.steps, self.places[result]

    def _lower_image(self, node: fx.Node) -> None:
        if self.steps:
            raise refusal(f"The generator takes '{node.target}' in addition to the image")
        self._add(node, Step(IDENTITY))

    def _lower_call(self, node: fx.Node) -> None:
        if self._lower_pieces(node):
            return
        if node.target == "type_as" and node.args[0] in self.constants:
            self.constants[node] = self.constants[node.args[0]].to(self.values[node].dtype)  # type: ignore[index]
            return
        first = next(one for one in node.all_input_nodes if one in self.places)
        if is_image_mean(node, self._layer(node)):
            self.pooled[node] = _Pooled(self.places[first], lambda mean: mean)
            return
        inputs: list[fx.Node] = []
        map_arg((node.args, node.kwargs), lambda one: inputs.append(one) if one in self.places else None)
        operation, inplace = (
            self._layer_operation(node) if node.op == "call_module" else self._function_operation(node, inputs)
        )
        if operation is IDENTITY:
            self.places[node] = self.places[inputs[0]]
            return
        changed = self.places[inputs[0]]
        source = next((self.pooled[one].source for one in node.all_input_nodes if one in self.pooled), None)
        self._add(node, Step(operation, tuple(self.places[one] for one in inputs), inplace, source))
        if node.target in VIEWS:
            self.views.append((changed, self.places[node]))
        if inplace:
            self._change(node, changed)

    def _change(self, node: fx.Node, changed: int) -> None:
        """Let every reference to what is changed in place see the change. Raises OptionError for views used later."""
        shared = {other for pair in self.views if changed in pair for other in pair} - {changed}
        for holder, place in self.places.items():
            if place in shared and any(self.order[user] > self.order[node] for user in holder.users):
                raise refusal(f"'{node}' changes a tensor that has another view")
        result = self.places[node]
        self.places |= {holder: result for holder, place in self.places.items() if place == changed}

    def _lower_pieces(self, node: fx.Node) -> bool:
        """Lower the pieces into which channels are split, and the choice of one. Returns whether ``node`` is one."""
        if node.target is operator.getitem and node.args[0] in self.split:
            place, ranges = self.split[node.args[0]]  # type: ignore[index]
            first, last = ranges[node.args[1]]  # type: ignore[index]
            cut = Operation(lambda rows: rows[:, first:last], channels=lambda _: last - first)
            self._add(node, Step(cut, (place,)))
            self.views.append((place, self.places[node]))
            return True
        ranges = pieces(node, self.values)
        if ranges:
            self.split[node] = self.places[node.args[0]], ranges  # type: ignore[index]
        return bool(ranges)

    def _lower_pooled(self, node: fx.Node) -> None:
        sources = {self.pooled[one].source for one in node.all_input_nodes if one in self.pooled}
        if len(sources) > 1:
            raise refusal(f"'{node}' combines means of several results")
        target = self._layer(node) or node.target

        def compute(mean: Tensor) -> Any:
            args, kwargs = map_arg((node.args, node.kwargs), lambda one: self._constant(one, mean))
            return _call(target, args, kwargs)

        self.pooled[node] = _Pooled(sources.pop(), compute)

    def _constant(self, node: fx.Node, mean: Tensor) -> Any:
        return self.pooled[node].compute(mean) if node in self.pooled else self.constants[node]

    def _layer(self, node: fx.Node) -> nn.Module | None:
        return self.generator.get_submodule(str(node.target)) if node.op == "call_module" else None

    def _add(self, node: fx.Node, step: Step) -> None:
        self.places[node] = len(self.steps)
        self.steps.append(step)

    def _layer_operation(self, node: fx.Node) -> tuple[Operation, bool]:
        layer = self._layer(node)
        assert layer is not None
        operation = module_operation(layer) if len(node.args) == 1 and not node.kwargs else None
        if operation is None:
            kind = str(layer).splitlines()[0].rstrip("(")
            raise refusal(f"ganzoo does not know how '{node.target}' ({kind}) works on rows of an image")
        return operation, getattr(layer, "inplace", False)

    def _function_operation(self, node: fx.Node, inputs: list[fx.Node]) -> tuple[Operation, bool]:
        target, inplace = _out_of_place(node.target)
        options = {name: value for name, value in node.kwargs.items() if name != "inplace"}
        args, kwargs = map_arg((node.args, options), lambda one: self.constants.get(one, one))
        pooled = [one for one in node.all_input_nodes if one in self.pooled]

        def call(*tensors: Tensor) -> Tensor:
            values: dict[fx.Node, Any] = dict(zip(dict.fromkeys(inputs), tensors, strict=False))
            if pooled:  # mean and variance come last
                mean = tensors[len(inputs)].view(1, -1, 1, 1).to(tensors[0].dtype)
                values |= {one: self.pooled[one].compute(mean) for one in pooled}
            actual, named = map_arg((args, kwargs), values.__getitem__)
            result: Tensor = _call(target, actual, named)
            return result

        if target is operator.getitem and (cut := cropping(node, self.values)):
            self.sized = True
            return cut, False
        stand_ins = {one: torch.empty(self.values[one].shape) for one in pooled if self.values.get(one) is not None}
        if len(stand_ins) < len(pooled) or len({self.pooled[one].source for one in pooled}) > 1:
            raise refusal(f"'{node}' combines means that are not known")
        seen, named_seen = map_arg((args, kwargs), lambda one: stand_ins.get(one, one))
        operation = function_operation(target, call, seen, named_seen)
        if operation is not None and pooled:
            operation = replace(operation, groups=0) if operation.compute is call else None
        if operation is None:
            name = target if isinstance(target, str) else target.__name__
            raise refusal(f"ganzoo does not know how '{name}' works on rows of an image, as it is used here")
        return operation, inplace or bool(node.kwargs.get("inplace"))

    def _evaluated(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return node.args[0]
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.generator).detach()
        target = self.generator.get_submodule(str(node.target)) if node.op == "call_module" else node.target
        return _call(target, *map_arg((node.args, node.kwargs), self.constants.__getitem__))


_INPLACE = {operator.iadd: operator.add, operator.isub: operator.sub, operator.imul: operator.mul}


def _call(target: Any, args: Any, kwargs: Any) -> Any:
    if isinstance(target, str):
        return getattr(args[0], target)(*args[1:], **kwargs)
    return target(*args, **kwargs)


def _out_of_place(target: Any) -> tuple[Any, bool]:
    """Return the function or method that does the same out of place, and whether ``target`` works in place."""
    name = target if isinstance(target, str) else target.__name__
    if target is operator.setitem:
        return target, True
    if target in _INPLACE:
        return _INPLACE[target], True
    if not name.endswith("_") or name.endswith("__"):
        return target, False
    return (name[:-1] if isinstance(target, str) else getattr(F, name[:-1], None) or getattr(torch, name[:-1])), True
