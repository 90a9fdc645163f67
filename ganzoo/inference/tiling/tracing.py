"""A generator's forward as a torch.fx graph, traced at one size of images.

Proxies know the shapes of the tensors that they stand for, so that a forward may ask for them, as many networks do to
pad or to split. A graph whose forward asked for a height or width holds for that size alone.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from typing import Any

import torch
from torch import fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.node import map_arg

from ganzoo.errors import OptionError

Size = tuple[int, int, int]  # channels, height, width


def refusal(reason: str) -> OptionError:
    return OptionError(
        f"{reason}, so this generator cannot be tiled exactly. `--tiles blend` tiles any generator; it is approximate."
    )


class _Proxy(fx.Proxy):
    """Stands for a tensor. torch.fx alone would take ``x += y`` for ``x = x + y``, and miss other references to x."""

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __isub__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.isub, (self, other), {})

    def __imul__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tracer.create_proxy("call_function", operator.setitem, (self, index, value), {})

    @property
    def shape(self) -> Any:
        return self.tracer.known(self.node).shape  # type: ignore[attr-defined]

    def size(self, *dimensions: int) -> Any:
        return self.tracer.known(self.node).size(*dimensions)  # type: ignore[attr-defined]

    def type(self, *kinds: Any) -> Any:
        if kinds:
            return self.tracer.create_proxy("call_method", "type", (self, *kinds), {})
        return self.tracer.known(self.node).type()  # type: ignore[attr-defined]

    def dim(self) -> Any:
        return self.tracer.known(self.node).dim()  # type: ignore[attr-defined]

    @property
    def ndim(self) -> Any:
        return self.tracer.known(self.node).dim()  # type: ignore[attr-defined]

    @property
    def dtype(self) -> Any:
        return self.tracer.known(self.node, sized=False).dtype  # type: ignore[attr-defined]

    @property
    def device(self) -> Any:
        return self.tracer.known(self.node, sized=False).device  # type: ignore[attr-defined]


class _Tracer(fx.Tracer):
    """Traces a generator down to torch's layers.

    Attributes:
        culprit: The innermost module whose forward it cannot trace.
        values: What each node stands for: a tensor without numbers.
        sized: The forward asked for a shape.
        running: A layer runs for its shape, and is not traced.
    """

    culprit = ""

    def __init__(self, size: Size, dtype: torch.dtype) -> None:
        super().__init__()
        self.sized = self.running = False
        self.values: dict[fx.Node, Any] = {}
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        with self.mode:
            self.image = torch.empty((1, *size), dtype=dtype)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def known(self, node: fx.Node, sized: bool = True) -> Any:
        if self.values.get(node) is None:
            raise TypeError(f"the shape of '{node}' is not known")
        self.sized = self.sized or sized
        return self.values[node]

    def create_node(self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **more: Any) -> fx.Node:
        node = super().create_node(kind, target, args, kwargs, *rest, **more)
        self.running = True
        try:
            self.values[node] = self._value(node)
        except Exception:  # whoever asks for it is refused
            self.values[node] = None
        finally:
            self.running = False
        return node

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Return a module's attribute: itself while a layer runs for its shape, else what stands for it."""
        return attr_val if self.running else super().getattr(attr, attr_val, parameter_proxy_cache)

    def _value(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return node.args[0] if node.args else self.image
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self.root)
        if node.op == "output":
            return None
        args, kwargs = map_arg((node.args, node.kwargs), self.values.__getitem__)
        with self.mode, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if node.op == "call_module":
                return self.root.get_submodule(str(node.target))(*args, **kwargs)
            if node.op == "call_method":
                return getattr(args[0], str(node.target))(*args[1:], **kwargs)
            return node.target(*args, **kwargs)  # type: ignore[operator]

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        if self.running:
            return forward(*args, **kwargs)
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.culprit = self.culprit or f"'{self.path_of_module(m)}' ({type(m).__name__})"
            raise


def trace(generator: nn.Module, size: Size) -> tuple[fx.Graph, dict[fx.Node, Any], bool]:
    """Return a generator's graph, the shapes of its nodes, and whether it holds for images of ``size`` alone.

    Raises:
        OptionError: torch.fx cannot trace the forward of a module, which the message names.
    """
    parameters = inspect.signature(generator.forward).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
    like = next((one for one in generator.parameters() if one.is_floating_point()), torch.zeros(()))
    tracer = _Tracer(size, like.dtype)
    kept = [(module, dict(vars(module))) for module in generator.modules()]
    try:
        return tracer.trace(generator, concrete_args=defaults), tracer.values, tracer.sized
    except Exception as error:  # a forward may raise anything
        culprit = tracer.culprit or f"'{type(generator).__name__}'"
        raise refusal(f"torch.fx cannot trace the forward of {culprit} ({_first_line(error)})") from error
    finally:
        for module, attributes in kept:  # a forward may set some, which would then stand for a tensor
            constants = {name: value for name, value in vars(module).items() if name.startswith("_tensor_constant")}
            vars(module).clear()
            vars(module).update(attributes | constants)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
