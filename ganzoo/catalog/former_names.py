"""What entries, options, networks, metrics and models were called before, so that every older file is read for good.

One table, applied where a file is read: run.json, checkpoints, config.json, registries and scores. Nothing else knows
a former name, and no command line takes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.contracts.option_text import as_text

ENTRIES = {
    "generator:lite-unet": "generator:efficientnet-unet",
    "loss:nonsaturating": "loss:non-saturating",
    "loss:lsgan": "loss:least-squares",
    "loss:dualgan": "loss:wasserstein",
}

OPTIONS: dict[str, dict[str, str]] = {
    "discriminator:projected": {"grey": "gray"},
    "recipe:adain": {"colour_weight": "color_weight"},
    "recipe:fast-style": {"colour_weight": "color_weight"},
    "recipe:cyclegan": {
        "keep_weight": "preserve_background",
        "keep_classes": "foreground_classes",
        "keep_extractor": "foreground_extractor",
        "judge_objects": "discriminate_foreground",
    },
}

VALUES: dict[str, dict[str, dict[Any, Any]]] = {
    "recipe:inpaint": {"masks": {"centre": "center"}},
}

# The default of an option in files that did not record it yet, where it is another one now: entry -> option -> value.
_MEAN = {"scales": "mean"}
_LOSSES = ("non-saturating", "least-squares", "wgan-gp", "hinge", "wasserstein", "relativistic", "relativistic-average")
DEFAULTS: dict[str, dict[str, Any]] = {
    "discriminator:projected": {"norm": "none"},
    **{f"loss:{name}": _MEAN for name in _LOSSES},
    "recipe:adain": {"lr_decay": 0.0},
    "recipe:cut": {"layers": "input,layers.4,layers.7,layers.10,layers.14", "init": "normal"},
    "recipe:fastcut": {
        "decay_from": 0.5,
        "layers": "input,layers.4,layers.7,layers.10,layers.14",
        "init": "normal",
    },
    "recipe:lsgan": {"learning_rate": 2e-4},
    "recipe:stylegan": {"separate_penalties": False},
    "recipe:unit": {"kl_factor": 0.5},
}

# The same for options that a recipe sets for its parts: recipe -> role -> entry -> option -> value.
_SHARP = {"antialias": False}
_CUT = {"generator": {"generator:resnet": _SHARP}, "discriminator": {"discriminator:patchgan": _SHARP}}
PART_DEFAULTS: dict[str, dict[str, dict[str, dict[str, Any]]]] = {
    "cut": _CUT,
    "dcgan": {"generator": {"generator:dcgan": {"latents": "normal"}}},
    "fastcut": _CUT,
    "lsgan": {"generator": {"generator:lsgan": {"latents": "normal"}}},
    "pix2pix": {
        "generator": {"generator:unet": {"test_statistics": "averages"}},
        "discriminator": {
            "discriminator:patchgan": {"norm": "instance"},
            "discriminator:patchgan-multiscale": {"norm": "instance"},
        },
    },
}

# Names of a recipe's networks, which are keys of its checkpoints.
_DISCRIMINATORS = {"judge_a": "discriminator_a", "judge_b": "discriminator_b"}
NETWORKS = {"cyclegan": _DISCRIMINATORS, "dualgan": _DISCRIMINATORS, "unit": _DISCRIMINATORS}

MODELS = {"patchgan/facades": "pix2pix/facades"}

PACKAGES = {"ganzoo_plugins.patchgan": "ganzoo_plugins.pix2pix"}

METRICS = {"memorised": "memorized", "colour": "color"}

PROTOCOL_SETTINGS = {"neighbours": "neighbors"}


def entry(spec: str) -> str:
    """Return the present name of the entry ``spec``, "kind:name"."""
    return ENTRIES.get(spec, spec)


def part(kind: str, name: str) -> str:
    """Return the present name of a part that a file names with or without its kind, in the same form."""
    if ":" in name:
        return entry(name)
    return entry(f"{kind}:{name}").partition(":")[2]


def options(spec: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an entry as a file has them, under their present names and with their former defaults.

    Text counts as on a command line, since runs of before kept what was typed there: "4" is an integer, if need be.
    """
    spec = entry(spec)
    renamed, values_of = OPTIONS.get(spec, {}), VALUES.get(spec, {})
    current = {renamed.get(name, name): as_text(value) for name, value in values.items()}
    for name, mapping in values_of.items():
        if name in current:
            current[name] = mapping.get(current[name], current[name])
    return {**DEFAULTS.get(spec, {}), **current}


def networks(recipe: str, states: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint holds for each network of a recipe, under the networks' present names."""
    renamed = NETWORKS.get(recipe, {})
    return {renamed.get(name, name): state for name, state in states.items()}


def model(name: str) -> str:
    """Return the present name of a model of the registry."""
    return MODELS.get(name, name)


def weights_file(file: str) -> str:
    """Return where a card's weights are now: "package:path" with the package's present name."""
    package, colon, inside = file.partition(":")
    return f"{PACKAGES.get(package, package)}{colon}{inside}"


def metric(name: str) -> str:
    """Return the present name of a metric, with or without its extractor: "memorised-inception"."""
    base, dash, extractor = name.partition("-")
    return METRICS.get(base, base) + dash + extractor


def protocol(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a protocol as a file has them, in present words."""
    current = dict(values)
    if isinstance(current.get("metric"), str):
        current["metric"] = metric(current["metric"])
    if isinstance(current.get("resizing"), str):
        current["resizing"] = current["resizing"].replace("judged: ", "evaluated: ")
    if isinstance(current.get("settings"), Mapping):
        current["settings"] = {PROTOCOL_SETTINGS.get(name, name): value for name, value in current["settings"].items()}
    if isinstance(current.get("call"), Mapping):
        call = {PROTOCOL_SETTINGS.get(name, name): value for name, value in current["call"].items()}
        if isinstance(call.get("metrics"), list):
            call["metrics"] = [metric(str(name)) for name in call["metrics"]]
        if isinstance(call.get("extractor_options"), Mapping):
            call["extractor_options"] = {name: as_text(value) for name, value in call["extractor_options"].items()}
        if "subset_size" in current.get("settings", {}):
            call.setdefault("subset_size", current["settings"]["subset_size"])  # 1000 went without saying
        if call.get("kind") == "labelled":
            call["kind"] = "labeled"
        current["call"] = call
    return current


def training(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card's account of its training as a file has it, under present names."""
    current = dict(values)
    if isinstance(current.get("options"), Mapping):
        current["options"] = options(f"recipe:{current.get('recipe', '')}", current["options"])
    if isinstance(current.get("parts"), Mapping):
        current["parts"] = {role: _part(value) for role, value in current["parts"].items()}
    return current


def card(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a card as a file has them, under present names."""
    current = dict(values)
    if isinstance(current.get("name"), str):
        current["name"] = model(current["name"])
    if isinstance(current.get("entry"), str):
        if isinstance(current.get("options"), Mapping):
            current["options"] = options(current["entry"], current["options"])
        current["entry"] = entry(current["entry"])
    if isinstance(current.get("weights"), Mapping) and isinstance(current["weights"].get("file"), str):
        current["weights"] = {**current["weights"], "file": weights_file(current["weights"]["file"])}
    if isinstance(current.get("training"), Mapping):
        current["training"] = training(current["training"])
    if current.get("discriminator"):
        current["discriminator"] = _part(current["discriminator"])
    return current


def settings(values: Mapping[str, Any], parts: Mapping[str, str]) -> dict[str, Any]:
    """Return what run.json holds under present names; ``parts`` are the recipe's own, role -> "kind:name"."""
    current = {"keep_duplicates": True, **values}  # as every run split that does not say
    if isinstance(current.get("options"), Mapping):
        current["options"] = options(f"recipe:{current.get('recipe', '')}", current["options"])
    specs = dict(parts)
    if isinstance(current.get("parts"), Mapping):
        kinds = {role: spec.partition(":")[0] for role, spec in parts.items()}
        current["parts"] = {role: part(kinds.get(role, ""), str(name)) for role, name in current["parts"].items()}
        specs |= {
            role: name if ":" in name else f"{kinds.get(role, '')}:{name}" for role, name in current["parts"].items()
        }
    found = current.get("part_options", {})
    if isinstance(found, Mapping):
        current["part_options"] = _part_options(str(current.get("recipe", "")), specs, found)
    if isinstance(current.get("start_from"), Mapping):
        current["start_from"] = {edition: model(str(ref)) for edition, ref in current["start_from"].items()}
    if isinstance(current.get("best"), str):
        current["best"] = metric(current["best"])
    return current


def _part_options(recipe: str, specs: Mapping[str, str], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a recipe's parts, role -> options, under present names and with their former defaults.

    ``specs`` are the parts that the run has, role -> "kind:name".
    """
    complete = {}
    for role in {**specs, **found}:
        given, spec = found.get(role, {}), entry(specs.get(role, ""))
        if not isinstance(given, Mapping):
            complete[role] = given
            continue
        defaults = PART_DEFAULTS.get(recipe, {}).get(role, {}).get(spec, {})
        values = {**defaults, **options(spec, given)}
        if values or role in found:
            complete[role] = values
    return complete


def _part(value: Any) -> Any:
    """Return a part as cards have it, {"entry": ..., "options": ...}, under present names."""
    if not isinstance(value, Mapping) or not isinstance(value.get("entry"), str):
        return value
    found = value.get("options")
    return {
        **value,
        "entry": entry(value["entry"]),
        **({"options": options(value["entry"], found)} if isinstance(found, Mapping) else {}),
    }
