"""A `Card` -> README.md with the YAML head that the Hub reads."""

from __future__ import annotations

import re
import shlex
from typing import Any

from ganzoo.cards import licenses
from ganzoo.cards.card import Card
from ganzoo.cards.protocol import Score

OWN_PACKAGE = "ganzoo-core"
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # how a package may be called

# The Hub's own license identifiers; anything else goes under "other" with its name.
LICENSES = {
    *("mit", "apache-2.0", "bsd", "bsd-2-clause", "bsd-3-clause", "isc", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0"),
    *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "cc-by-nd-4.0"),
    *("openrail", "unlicense", "unknown"),
}


def text(card: Card, ref: str = "dir:FOLDER") -> str:
    """Return the model card: YAML head, then what it is, how to use it, what it came from, and its limits.

    ``ref`` is what its example loads.
    """
    from ganzoo.hub.model_cards import model_card  # facts(), which `ganzoo info` needs, does without it

    return model_card(head(card), body(card, ref))


def head(card: Card) -> dict[str, Any]:
    """Return the YAML head: library, tags, license, task, data sets and measured values."""
    family = card.name.partition("/")[0]
    values: dict[str, Any] = {
        "library_name": "ganzoo",
        "pipeline_tag": card.does.tag,
        "tags": sorted({"ganzoo", "gan", "pytorch", family, *([_paper_tag(card)] if card.paper else [])}),
    }
    if card.license.lower() in LICENSES:
        values["license"] = card.license.lower()
    else:
        values |= {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", card.license.lower()).strip("-")}
    if _dataset_id(card):
        values["datasets"] = [_dataset_id(card)]
    if card.scores:
        values["metrics"] = sorted({score.metric for score in card.scores})
        values["model-index"] = [{"name": card.name, "results": [_result(card)]}]
    return values


def body(card: Card, ref: str = "dir:FOLDER") -> str:
    """Return the card's text in Markdown, with an example that loads ``ref``."""
    call = _call(card)
    lines = [
        f"# {card.name}",
        "",
        card.summary or f"A model of {card.task.replace('-', ' ')}, trained with ganzoo.",
        "",
        "```python",
        f"import ganzoo  # pip install {_packages(card)}",
        "",
        f'model = ganzoo.load("{ref}")',
        call,
        "```",
        "",
        "| | |",
        "|---|---|",
        *(f"| {_cell(name)} | {_cell(value)} |" for name, value in facts(card)),
    ]
    if card.limits:
        lines += ["", "## Limits", "", card.limits]
    if card.tried:
        lines += ["", "## What else was tried", "", *(f"- {each}" for each in card.tried)]
    return "\n".join(lines) + "\n"


def allowed_use(card: Card) -> str:
    """Return what licenses of weights and data allow, in words: the narrower of the two counts."""
    both = [card.license, card.dataset.license if card.dataset else ""]
    if any(re.search(r"\bnc\b|non-?commercial|research", each.lower()) for each in both):
        return "research and other non-commercial use only"
    return licenses.allowed(card.license) or f"what {card.license} allows"


def _call(card: Card) -> str:
    """Return the line of Python that uses a model."""
    given = {"label": card.classes[0] if card.classes else 0, "mask": "mask.png", "style": "style.jpg"}
    if card.does.source == "image":
        conditioning = "".join(f", {name}={given[name]!r}" for name in card.does.inputs).replace("'", '"')
        source, target = files(card)
        return f'model.translate("{source}"{conditioning}).save("{target}")'
    conditioning = f", label={given['label']!r}".replace("'", '"') if "label" in card.does.inputs else ""
    return f"model.generate(16, seed=0{conditioning})" + ("  # each a list of images" if card.frames else "")


def command(card: Card, ref: str = "") -> str:
    """Return the command that uses a model."""
    given = {"label": card.classes[0] if card.classes else "0", "mask": "mask.png", "style": "style.jpg"}
    conditioning = "".join(f" --{name} {shlex.quote(given[name])}" for name in card.does.inputs)
    if card.does.source == "image":
        source, target = files(card)
        return f"ganzoo translate {ref or card.name} {source}{conditioning} -o {target}"
    return f"ganzoo generate {ref or card.name} -n 16{conditioning} -o {'clips/' if card.frames else 'grid.png'}"


def files(card: Card) -> tuple[str, str]:
    """Return names of an input and an output, for examples."""
    return ("image.tif", "out.tif") if card.uses_rasters else ("photo.jpg", "out.png")


def facts(card: Card) -> list[tuple[str, str]]:
    """Return what is known of a model as (name, value) rows, for the model card and for `ganzoo info`."""
    options = ", ".join(f"{name}={value}" for name, value in card.options.items())
    rows = [
        ("task", card.task),
        ("grade", f"{card.grade}: {card.grade_reason}" if card.grade else ""),
        ("architecture", f"{card.entry} ({options})" if options else card.entry),
        ("paper", card.paper),
        ("trained at", card.size if card.parameters or card.weights else ""),
        ("enlarges", f"{card.scale} times" if card.scale > 1 else ""),
        ("labels", ", ".join(card.classes)),
        ("values", f"{card.value_range[0]:g} to {card.value_range[1]:g}"),
        ("input channels", "; ".join(channel.description for channel in card.input_channels)),
        ("output channels", "; ".join(channel.description for channel in card.output_channels)),
        ("parameters", f"{card.parameters:,}" if card.parameters else ""),
        ("plugin", card.plugin),
        ("license of the weights", card.license),
        ("allowed use", allowed_use(card)),
    ]
    if card.weights:
        w = card.weights
        place = f"hf-hub:{w.repo}@{w.revision or 'main'} " if w.repo else ""
        rows += [
            ("weights", f"{place}{w.file} ({w.size}, {w.dtype})"),
            ("SHA-256", w.sha256),
        ]
    if card.dataset:
        count = f"{card.dataset.count:,} images" if card.dataset.count else ""
        known = (card.dataset.name, card.dataset.split, count, card.dataset.url)
        rows += [
            ("data set", ", ".join(part for part in known if part)),
            ("license of the data", card.dataset.license),
        ]
    if card.training:
        t = card.training
        ema = f", EMA {t.ema_decay:g}" if t.ema_decay else ""
        how = f"recipe {t.recipe}, {t.steps:,} steps of {t.batch_size}, seed {t.seed}, {t.precision}{ema}"
        rows += [
            ("trained by", how if t.recipe else ""),
            (
                "training time" if t.recipe else "origin",
                f"{duration(t.seconds)} on {t.hardware}" if t.recipe else t.hardware,
            ),
            ("version", f"ganzoo {t.ganzoo_version}"),
        ]
    rows += [("at inference", card.inference)]
    rows += [(score.metric, _score(score)) for score in card.scores]
    return [(name, value) for name, value in rows if value]


def _score(score: Score) -> str:
    bounds = "" if score.bounds is None else ", {:.5g} to {:.5g}".format(*score.bounds)
    without = f"; without the model: {score.compared}" if score.baselines else ""
    return f"{score.value:g}{bounds}{without} ({score.protocol})"


def _result(card: Card) -> dict[str, Any]:
    name = card.dataset.name if card.dataset else ""
    return {
        "task": {"type": card.task},
        "dataset": {"name": name or "unknown", "type": _dataset_id(card) or "unknown"},
        "metrics": [
            {"type": s.metric, "value": s.value, "name": f"{s.metric} ({s.protocol})", "args": s.protocol.to_dict()}
            for s in card.scores
        ],
    }


def _dataset_id(card: Card) -> str:
    """Return a published data set's name as the Hub spells identifiers, or nothing.

    A data set of which neither an address nor a license is known is somebody's folder: its name identifies nothing.
    """
    data = card.dataset
    name = data.name if data and (data.url or data.license.lower() not in ("", "unknown")) else ""
    return re.sub(r"[^a-z0-9._/-]+", "-", name.lower()).strip("-")


def _packages(card: Card) -> str:
    """Return what to install: ganzoo's own package, and that of the plugin the model needs."""
    names = [OWN_PACKAGE, *([card.plugin] if _PACKAGE.fullmatch(card.plugin) else [])]
    return " ".join(dict.fromkeys(names))


def duration(seconds: float) -> str:
    """Return a time in seconds or minutes, as people read it."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paper_tag(card: Card) -> str:
    return card.paper.replace("arXiv:", "arxiv:")
