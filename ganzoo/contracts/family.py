"""A family of networks and recipes, each declared next to its options. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from inspect import cleandoc
from typing import Any, TypeAlias, TypeVar

from ganzoo.contracts.config import Config, LossConfig, RegularizerConfig
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.hookspecs import hookimpl
from ganzoo.contracts.tasks import Task

C = TypeVar("C", bound=type[Config])
Target: TypeAlias = "str | Callable[..., Any]"


@dataclass(frozen=True)
class ImportedWhenBuilt:
    """What an entry builds, imported at that moment: ``path`` is ".networks.MyGenerator", relative to ``package``."""

    package: str
    path: str

    def __call__(self, config: Config, *parts: Any) -> Any:
        """Build it: a recipe from its config and parts, anything else from its options by name."""
        target = self.target()
        return target(config, *parts) if parts else target(**own_options(config))

    def target(self) -> Any:
        """Import what ``path`` names."""
        module, _, name = self.path.rpartition(".")
        return getattr(import_module(module, self.package), name)


@dataclass(frozen=True)
class FunctionItself(ImportedWhenBuilt):
    """A function that is the thing itself, a metric say; a class is still called with its options."""

    def __call__(self, config: Config, *parts: Any) -> Any:
        """Return the function, or what the class builds."""
        target = self.target()
        return target(**own_options(config)) if isinstance(target, type) else target


def own_options(config: Config) -> dict[str, Any]:
    """Return the options that the built thing takes: all but those that core applies to any loss or regularizer."""
    shared = next((each for each in (LossConfig, RegularizerConfig) if isinstance(config, each)), Config)
    applied = {each.name for each in fields(shared)}
    return {name: value for name, value in vars(config).items() if name not in applied}


@dataclass
class Family:
    """The entries of one plugin. Each method decorates the options of one entry, and adds that entry.

    ::

        family = Family(__name__, paper="arXiv:1511.06434")

        @family.generator("mine", ".networks.MyGenerator", task="unconditional-image-generation")
        @dataclass(frozen=True)
        class GeneratorConfig(Config):
            \"\"\"Transposed convolutions, 64x64 pixels.\"\"\"

            width: PositiveInt = 64

        ganzoo_entries = family.entries

    A class is given as ".module.Class", relative to the package, and imported when it is first built. Networks
    are called with their options by name, recipes with config and parts. Where that does not fit, give a function that
    is called with the config. The summary of an entry is the first line of the docstring, if no other is given.

    Attributes:
        package: ``__name__`` of the plugin's package.
        paper: Where all its entries are described that name no other paper, as "arXiv:1511.06434".
    """

    package: str
    paper: str = ""
    _entries: list[Entry] = field(default_factory=list)

    @hookimpl
    def entries(self) -> list[Entry]:
        """Return the entries added so far; ``ganzoo_entries = family.entries`` is the plugin's hook."""
        return list(self._entries)

    def generator(self, name: str, target: Target, *, task: str, **more: str) -> Callable[[C], C]:
        """Return what adds a generator when it decorates the generator's options.

        Args:
            name: The entry's name.
            target: See `Family`.
            task: One of `ganzoo.contracts.tasks.TASKS`.
            **more: ``summary`` and ``paper``, in place of the docstring's first line and the family's.
        """
        return self.entry("generator", name, target, task=task, **more)

    def discriminator(self, name: str, target: Target, **more: str) -> Callable[[C], C]:
        """Return what adds a discriminator when it decorates the discriminator's options.

        Args:
            name: The entry's name.
            target: See `Family`.
            **more: ``summary`` and ``paper``, as for `generator`.
        """
        return self.entry("discriminator", name, target, **more)

    def recipe(
        self, name: str, target: Target, *, data: str, parts: Mapping[str, str], batch_size: int = 1, **more: str
    ) -> Callable[[C], C]:
        """Return what adds a recipe when it decorates the recipe's options.

        Args:
            name: The entry's name.
            target: See `Family`.
            data: Kind of data, one of `ganzoo.contracts.entry.DATA_KINDS`.
            parts: Role to entry, as {"generator": "generator:resnet"}.
            batch_size: Default number of images in a step.
            **more: ``summary`` and ``paper``, as for `generator`.
        """
        return self.entry("recipe", name, target, data=data, parts=parts, batch_size=batch_size, **more)

    def importer(self, name: str, target: Target, summary: str) -> None:
        """Add an importer without options.

        Args:
            name: The entry's name.
            target: See `Family`.
            summary: One line.
        """
        self.entry("importer", name, target, summary=summary, paper="")(Config)

    def metric(self, name: str, target: str, summary: str, paper: str = "", config: type[Config] = Config) -> None:
        """Add a metric.

        Args:
            name: The entry's name.
            target: ".module.function" of a `ganzoo.MetricContext`, or a class whose objects are such functions.
            summary: One line.
            paper: Where it is described; "": the family's.
            config: Its options, for a class.
        """
        build = FunctionItself(self.package, target)
        self._entries.append(Entry("metric", name, config, build, summary, paper or self.paper))

    def task(self, task: Task) -> None:
        """Add a task of generators."""
        summary = f"From {task.source} to {task.output}"
        self._entries.append(Entry("task", task.name, Config, lambda config: task, summary))

    def public_name(self, name: str) -> Any:
        """Return a class that an entry builds by its name; ``__getattr__ = family.public_name`` lets others import it.

        Raises:
            AttributeError: If no entry of this plugin builds such a class.
        """
        for entry in self._entries:
            build = entry.build
            if isinstance(build, ImportedWhenBuilt) and build.path.endswith(f".{name}"):
                return build.target()
        raise AttributeError(f"module '{self.package}' has no attribute '{name}'")

    def entry(self, kind: str, name: str, target: Target, **values: Any) -> Callable[[C], C]:
        """Return what adds an entry of any kind when it is called with the class of its options.

        Args:
            kind: One of `ganzoo.contracts.entry.KINDS`.
            name: The entry's name.
            target: ".module.Class" relative to the package, "ganzoo.module.Class", or a function.
            **values: Fields of `Entry`, such as ``summary`` or ``paper``.
        """

        def add(config: C) -> C:
            build = ImportedWhenBuilt(self.package, target) if isinstance(target, str) else target
            described = {"summary": _first_line(config), "paper": self.paper, **values}
            self._entries.append(Entry(kind, name, config, build, **described))
            return config

        return add


def _first_line(config: type[Config]) -> str:
    return cleandoc(config.__doc__ or "").partition("\n")[0].removesuffix(".")
