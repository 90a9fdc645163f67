"""Networks of timm that score images."""

from __future__ import annotations

import difflib

import timm
from torch import Tensor, nn

from ganzoo import GanzooError


class TimmDiscriminator(nn.Module):
    """A network of timm with one output, or with a 1x1 convolution to one channel on each of its levels."""

    def __init__(self, model: str, in_channels: int, features_only: bool, pretrained: bool) -> None:
        super().__init__()
        self.model, self.in_channels, self.pretrained = model, in_channels, pretrained
        self.features_only = features_only
        self.network = self.create(pretrained=False)
        self.heads = nn.ModuleList()
        if features_only:
            self.levels = self.network.feature_info.channels()
            self.heads.extend(nn.Conv2d(channels, 1, 1) for channels in self.levels)

    def create(self, pretrained: bool) -> nn.Module:
        """Build the network. Raises GanzooError for a wrong name, or weights that cannot be had."""
        if not timm.is_model(self.model):
            similar = difflib.get_close_matches(self.model, timm.list_models(), n=1)
            hint = f" Did you mean '{similar[0]}'?" if similar else ""
            raise GanzooError(f"timm has no network '{self.model}'.{hint} timm.list_models() lists all.")
        head = {"features_only": True} if self.features_only else {"num_classes": 1}
        try:
            return timm.create_model(self.model, pretrained=pretrained, in_chans=self.in_channels, **head)
        except (RuntimeError, OSError, ValueError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise GanzooError(f"timm's {self.model} cannot be built as a discriminator: {reason}.") from error

    def begin(self) -> None:
        """Start a training from timm's weights, if the options say so; the layers that score stay random."""
        if self.pretrained:
            found = self.create(pretrained=True).state_dict()
            own = self.network.state_dict()
            self.network.load_state_dict({k: found[k] if self._is_body(k) else v for k, v in own.items()})

    def _is_body(self, name: str) -> bool:
        if self.features_only:
            return True
        heads = self.network.pretrained_cfg.get("classifier", "")
        return not name.startswith(tuple(f"{head}." for head in ([heads] if isinstance(heads, str) else heads)))

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        """Score images (N, in_channels, H, W) in [-1, 1].

        Returns:
            Logits (N, 1), or with ``features_only`` a map (N, 1, h, w) for each level, shallow to deep.
        """
        if not self.features_only:
            return self.network(images)
        levels = zip(self.network(images), self.levels, self.heads, strict=True)
        return [head(one if one.shape[1] == count else one.permute(0, 3, 1, 2)) for one, count, head in levels]
