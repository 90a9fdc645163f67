"""Entry + options + parts -> a torch module with random weights, a loss, or a recipe."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo import catalog
from ganzoo.catalog import options
from ganzoo.contracts.config import AdversarialConfig, Config
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError, PluginError, suggest

if TYPE_CHECKING:
    pass

# Suggested by every recipe.
FACTS = ("image_size", "image_width", "channels", "in_channels", "out_channels", "classes", "frames")
LABELED = ("labeled", "clips")  # kinds of data whose batches may have labels


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What a network was built from; `build` leaves it on the network as ``.architecture``."""

    entry: str
    options: dict[str, Any]


def recorded_architecture(network: Any) -> dict[str, Any]:
    """Return what a network was built from, as cards record it: {"entry": ..., "options": ...}."""
    return {"entry": network.architecture.entry, "options": dict(network.architecture.options)}


def build(spec: str, config: Config | None = None, /, **values: Any) -> Any:
    """Build an entry; weights are random, or an extractor's own. Recipes need data: `ganzoo.train` builds those.

    Args:
        spec: KIND:NAME, as "generator:resnet".
        config: Its options as an object that editors complete, as ``ganzoo_plugins.cyclegan.ResnetConfig(width=32)``.
        **values: Its options by name, in place of those of ``config``.

    Returns:
        A torch module, a loss or whatever the contract of the kind says. A network has ``architecture``, which says how
        to build it again.

    Raises:
        UnknownName: No plugin has this entry.
        OptionError: An option is unknown, or beyond its limits.
    """
    entry = catalog.find(spec)
    if config is not None:
        if type(config) is not entry.config:
            expected = f"{entry.config.__module__}.{entry.config.__name__}"
            raise OptionError(f"{type(config).__name__} holds no options of {spec}: use {expected}.")
        values = {**options.changed(config), **values}
    if entry.kind == "recipe":
        raise OptionError(f"'{spec}' is a recipe, which needs data. Use ganzoo.train or `ganzoo train {entry.name}`.")
    return _build(entry, options.parse(entry, values))


def _build(entry: Entry, config: Config) -> Any:
    built = entry.build(config)
    if entry.kind in ("generator", "discriminator"):  # a loss may be anything, a frozen dataclass say
        built.architecture = Architecture(entry.spec, options.as_dict(config))
    return built


class ChosenParts:
    """The parts of one recipe: the entry's defaults, or what the user chose instead, with the user's options.

    Attributes:
        specs: role -> "kind:name".
        options: role -> the options that the user set.
        suggestions: sentences on options of parts that the recipe sets to something else than their own default.
        built: role -> every option of what was built, with its value; where a role was built several times, those
            that all of them share.
    """

    def __init__(self, recipe: Entry, chosen: Mapping[str, str], part_options: Mapping[str, Mapping[str, Any]]) -> None:
        """``chosen``: role -> entry name, with or without its kind. ``part_options``: role -> options."""
        self.recipe = recipe
        roles = {**recipe.parts, **_optional_parts(recipe, chosen)}
        for role in (*chosen, *part_options):
            if role not in roles:
                raise OptionError(
                    f"The recipe '{recipe.name}' has no part '{role}'.{suggest(role, recipe.parts)} "
                    f"Its parts are: {', '.join(recipe.parts) or 'none'}."
                )
        self.specs = {role: _fitting(role, default, chosen.get(role)) for role, default in roles.items()}
        self.options = {role: dict(part_options.get(role, {})) for role in roles}
        self.built: dict[str, dict[str, Any]] = {}
        self.suggestions: dict[str, None] = {}  # in order
        for role, spec in self.specs.items():  # a wrong choice is an error now, not at the first step
            options.parse(catalog.find(spec), self.options[role])

    def config(self, values: Mapping[str, Any]) -> Config:
        """Return the recipe's own config. Raises OptionError that names the parts which have what the recipe lacks."""
        try:
            return options.parse(self.recipe, values)
        except OptionError as error:
            wrong = [name for name in values if f"has no option '{name}'" in str(error)]
            if not wrong:
                raise
            raise OptionError(f"{error}{self._elsewhere(wrong[0], values[wrong[0]])}") from error

    def _elsewhere(self, name: str, value: Any) -> str:
        """Return which parts have an option like ``name``, or an empty string; the recipe's own options go first."""
        roles: dict[str, list[str]] = {}
        for role, spec in self.specs.items():
            for option in options.names(catalog.find(spec)):
                roles.setdefault(option, []).append(role)
        near = [name] if name in roles else difflib.get_close_matches(name, roles, n=1)
        if not near or (near != [name] and suggest(name, options.names(self.recipe))):
            return ""
        having = roles[near[0]]
        owners = " and ".join(f"the {role}" for role in having)
        return f" '{near[0]}' is an option of {owners}: --set {having[0]}.{near[0]}={value}."

    def build(self, role: str, **suggestions: Any) -> Any:
        """Build the part for ``role``; a suggestion counts where the part has that option and the user set none.

        Raises PluginError for a role that the recipe's entry does not declare, OptionError for a discriminator that
        needs labels where the recipe's data have none.
        """
        if role not in self.specs:
            raise PluginError(
                f"{self.recipe.spec} declares no part '{role}'.{suggest(role, self.specs)} "
                f'Add it to the parts of its Entry, as {{"{role}": "KIND:NAME"}}.'
            )
        entry = catalog.find(self.specs[role])
        known = options.names(entry)
        values = {name: value for name, value in suggestions.items() if name in known}
        config = options.parse(entry, {**values, **self.options[role]})
        self._record(role, options.as_dict(config))
        self._note_suggestions(role, entry, config, {name for name in values if name not in self.options[role]})
        built = _build(entry, config)
        if getattr(built, "conditional", False) and self.recipe.data not in LABELED:
            raise OptionError(
                f"{self.specs[role]} takes the class of each image, and the recipe '{self.recipe.name}' has "
                f"none. Use another {role}, or a recipe for labeled images: `ganzoo list --entries` shows all."
            )
        return self._wrapped(entry, built, config)

    def _wrapped(self, entry: Entry, built: Any, config: Config) -> Any:
        """Return a loss for several scales, a regularizer with weight and interval, and anything else as it is."""
        if entry.kind == "loss":
            from ganzoo.losses.multi_scale import MultiScaleLoss

            return MultiScaleLoss(built, getattr(config, "scales", "sum"), entry.spec, self.recipe.name)
        if entry.kind == "regularizer":
            from ganzoo.losses.regularizer import LazyRegularizer

            return LazyRegularizer(built, getattr(config, "weight", 1.0), getattr(config, "every", 1))
        return built

    def build_regularizers(self) -> dict[str, Any]:
        """Build every part that is a regularizer: role -> regularizer, with its weight and interval."""
        return {role: self.build(role) for role, spec in self.specs.items() if spec.startswith("regularizer:")}

    def _note_suggestions(self, role: str, entry: Entry, config: Config, suggested: Collection[str]) -> None:
        """Remember which suggestions of the recipe, facts of the data aside, replace a default of the part's own."""
        defaults = options.as_dict(options.parse(entry, {}))
        for name, value in options.as_dict(config).items():
            if name in suggested and name not in FACTS and value != defaults[name]:
                text = f"The recipe sets {role}.{name}={value}; the default of {entry.spec} is {defaults[name]}."
                self.suggestions[text] = None

    def _record(self, role: str, values: dict[str, Any]) -> None:
        shared = self.built.get(role, values)
        self.built[role] = {name: value for name, value in shared.items() if values[name] == value}


def _optional_parts(recipe: Entry, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the part that an adversarial recipe has once the user chooses it: role -> any entry of its kind."""
    if "regularizer" in chosen and "regularizer" not in recipe.parts and issubclass(recipe.config, AdversarialConfig):
        return {"regularizer": "regularizer:"}
    return {}


def _fitting(role: str, default: str, choice: str | None) -> str:
    """Return ``choice`` as a spec of the default's kind and task: --part loss=hinge means loss:hinge."""
    kind = default.partition(":")[0]
    if choice is None:
        return default
    if ":" not in choice:
        choice = f"{kind}:{choice}"
    if not choice.startswith(f"{kind}:"):
        raise OptionError(f"The part '{role}' takes a {kind}, not '{choice}'.")
    if kind == "generator":
        _check_task(role, default, choice)
    return choice


def _check_task(role: str, default: str, choice: str) -> None:
    """Refuse a generator that starts from other inputs, latents or images, than the recipe has for it."""
    task, other = catalog.find(default).task, catalog.find(choice).task
    if other != task:
        fitting = ", ".join(entry.name for entry in catalog.entries("generator") if entry.task == task)
        raise OptionError(
            f"The part '{role}' takes a generator for {task}, not '{choice}', which is for {other}. "
            f"Take one of: {fitting}."
        )
