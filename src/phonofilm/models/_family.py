"""What a model family is and what a model is; :mod:`phonofilm.models._catalogue` finds and makes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from phonofilm.codecs.base import Codec
from phonofilm.conditioning.text import TextEncoder
from phonofilm.diffusion.contract import Conditioning
from phonofilm.diffusion.parameterization import NetworkDenoiser, Parameterization
from phonofilm.diffusion.schedule import NoiseSchedule
from phonofilm.errors import WeightsError
from phonofilm.models._training import StageRecord
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape


class SamplingDefaults(BaseModel):
    """How a model is sampled unless told otherwise.

    Attributes:
        steps: sampling steps.
        gamma: timestep adjustment, 1 = none.
        guidance: scale of each modality, 1 = conditional.
        sampler: name of the sampler.
        shift: of each modality's step grid, 1 = none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(default=25, gt=0)
    gamma: float = Field(default=1.0, gt=0)
    guidance: AV[float] = AV(1.0, 1.0)
    sampler: str = "euler"
    shift: AV[float] = AV(1.0, 1.0)


class FamilyNetwork(nn.Module, ABC):
    """A family's network: a :class:`phonofilm.diffusion.contract.Network` that knows what learns when.

    Latents of any size are taken; what its strides need is padded and cropped inside.
    """

    @property
    @abstractmethod
    def latent_channels(self) -> AV[int]:
        """Channels of the latents that it takes and predicts."""

    @property
    @abstractmethod
    def text_width(self) -> AV[int]:
        """Widths of the conditioning: token states ``(B, L, width)`` for the picture, ``(B, width)`` for the sound."""

    @abstractmethod
    def shared(self, x: AV[Tensor], t: AV[Tensor], previous: AV[Tensor] | None) -> AV[Tensor]:
        """What does not depend on the conditioning, batch first."""

    @abstractmethod
    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: Conditioning, shared: AV[Tensor]) -> AV[Tensor]:
        """The raw prediction."""

    @abstractmethod
    def trainable(self, stage: str) -> AV[dict[str, nn.Parameter] | None]:
        """Parameters that learn in a stage (``video``, ``audio``, ``joint``) by name, under the modality they serve.

        Raises:
            SettingError: for a stage that the family does not have.
        """


@dataclass(frozen=True)
class Preset:
    """One size of a family: everything about a model but its weights, codec and text encoder.

    Attributes:
        config: the family's own configuration.
        schedule, parameterization: what each side of the network is trained with.
        shape: the clips it makes.
        defaults: how it is sampled.
    """

    config: BaseModel
    schedule: AV[NoiseSchedule]
    parameterization: AV[Parameterization]
    shape: ClipShape
    defaults: SamplingDefaults


@dataclass(frozen=True)
class Family:
    """A way to couple picture and sound, by one paper.

    Attributes:
        name: of its folder.
        paper: where it is described.
        config: type of its configuration.
        build: makes the network of a configuration, with fresh weights.
        presets: its sizes by name.
        licence: of the weights that ship.
    """

    name: str
    paper: str
    config: type[BaseModel]
    build: Callable[[Any], FamilyNetwork]
    presets: Mapping[str, Preset]
    licence: str = "Apache-2.0"

    def weights(self, size: str) -> Path:
        """Where the shipped weights of a size lie, whether they ship or not."""
        return Path(__file__).parent / self.name / "weights" / size


@dataclass(frozen=True, eq=False)
class Model:
    """A network with everything that is needed to train it and to sample from it.

    Attributes:
        family, size: its name is ``family-size``.
        config: the network's configuration.
        network: what learns, and what denoises.
        codec: between clips and latents.
        text: between prompts and conditioning.
        schedule, parameterization: what each side of the network is trained with.
        shape: the clips it makes.
        defaults: how it is sampled.
        training: how it came to be, as far as that is on record.

    Raises:
        WeightsError: if codec or text encoder do not fit the network.
    """

    family: str
    size: str
    config: BaseModel
    network: FamilyNetwork
    codec: Codec
    text: TextEncoder
    schedule: AV[NoiseSchedule]
    parameterization: AV[Parameterization]
    shape: ClipShape
    defaults: SamplingDefaults
    training: tuple[StageRecord, ...] = ()

    def __post_init__(self) -> None:
        made, taken = self.codec.latent_shape(self.shape).map(lambda size: size[0]), self.network.latent_channels
        if made != taken:
            raise WeightsError(
                f"the codec makes latents of {made.video} + {made.audio} channels, the network takes "
                f"{taken.video} + {taken.audio}: they must be made together"
            )
        width, taken = self.text.config.width, self.network.text_width
        if taken != width:
            raise WeightsError(
                f"the text encoder is {width.video} + {width.audio} wide, the network takes "
                f"{taken.video} + {taken.audio}: they must be made together"
            )

    @property
    def name(self) -> str:
        """``family-size``."""
        return f"{self.family}-{self.size}"

    def denoiser(self) -> NetworkDenoiser:
        """The network as samplers and losses see it."""
        return NetworkDenoiser(self.network, self.schedule, self.parameterization)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All that holds weights, by name."""
        parts = {
            "network": self.network,
            "text": self.text,
            "video codec": self.codec.video,
            "audio codec": self.codec.audio,
        }
        return {name: part for name, part in parts.items() if isinstance(part, nn.Module)}

    def to(self, device: torch.device | str) -> Model:
        """This model, with its weights moved to ``device``."""
        for module in self.modules.values():
            module.to(device)
        return self
