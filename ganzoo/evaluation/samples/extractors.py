"""The extractors of one evaluation, each built when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch

from ganzoo.catalog import building
from ganzoo.errors import GanzooError, HubError, OptionError
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.features import FeatureExtractor, Progress

AUTO = "auto"
INSTALLED = "efficientnet-lite0"  # comes with the extra "eval", weights and all
INCEPTION = "inception"  # the label of the only extractor whose distances are called FID and KID


class Extractors:
    """The extractor that the user chose, and that of FID and KID."""

    def __init__(self, config: EvalConfig, device: torch.device, on_progress: Progress) -> None:
        self._config, self._device, self._on_progress = config, device, on_progress
        self.note = ""  # what a user should know of the choice

    @cached_property
    def chosen(self) -> FeatureExtractor:
        """The extractor that the user chose."""
        if self._config.extractor != AUTO:
            return self._build(self._config.extractor, self._config.extractor_options)
        try:
            return self._build(INCEPTION, self._config.extractor_options)
        except HubError:
            if self._config.extractor_options:
                raise
            return self._build_installed()

    def _build_installed(self) -> FeatureExtractor:
        """Build an extractor that needs no download, in place of Inception. Raises the HubError where there is none."""
        try:
            extractor = self._build(INSTALLED, {})
        except GanzooError:
            return self._build(INCEPTION, {})
        self.note = (
            f"Inception's weights are not on this machine and cannot be downloaded now: features are those of "
            f"{INSTALLED}. "
            "Scores are named after it, and do not compare with those on Inception."
        )
        return extractor

    @cached_property
    def inception(self) -> FeatureExtractor:
        """The extractor of FID and KID. Raises OptionError if the user chose other weights for it."""
        extractor = self.chosen if self._takes_inception() else self._build_inception()
        if str(extractor.network.label) != INCEPTION:
            raise OptionError(
                f"fid and kid are not defined for these weights ({extractor.network.label}). "
                "Use fd and kd, which are named after the extractor."
            )
        return extractor

    def _takes_inception(self) -> bool:
        if self._config.extractor != AUTO:
            return self._config.extractor == INCEPTION
        return str(self.chosen.network.label).startswith(INCEPTION)

    def _build_inception(self) -> FeatureExtractor:
        """Build it next to another extractor that the user chose. Raises what building raises, with a word on that."""
        try:
            return self._build(INCEPTION, {})
        except GanzooError as error:
            raise type(error)(
                f"{error} fid and kid take Inception, whatever extractor is chosen; fd and kd take "
                f"'{self._config.extractor}'."
            ) from error

    @property
    def built(self) -> list[FeatureExtractor]:
        """The extractors that were built so far."""
        return [vars(self)[name] for name in ("chosen", "inception") if name in vars(self)]

    def _build(self, name: str, options: Mapping[str, Any]) -> FeatureExtractor:
        network: Any = building.build(f"extractor:{name}", **options)
        config = self._config
        return FeatureExtractor(
            network, self._device, config.precision, config.cache, config.batch_size, self._on_progress
        )
