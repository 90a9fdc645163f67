"""Any network of timm as a discriminator: ``--part discriminator=timm --set discriminator.model=resnet26d``.

As an encoder there is ``features:timm``, and as an extractor ``extractor:timm``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MinLen

from ganzoo import Config, Family, PositiveInt

family = Family(__name__)


@family.discriminator("timm", ".networks.TimmDiscriminator")
@dataclass(frozen=True)
class TimmConfig(Config):
    """Any network of timm, to one logit or to maps of logits.

    Attributes:
        model: Its name in timm.
        in_channels: Channels of the images, any number.
        features_only: Give a map of logits for each level of the network, by a 1x1 convolution, instead of one logit.
        pretrained: Start a training from timm's weights, from the Hugging Face Hub.
    """

    model: Annotated[str, MinLen(1)] = "resnet18"
    in_channels: PositiveInt = 3
    features_only: bool = False
    pretrained: bool = False


ganzoo_entries = family.entries
