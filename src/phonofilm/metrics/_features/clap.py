"""CLAP (arXiv 2211.06687), LAION's unfused HTSAT-tiny with RoBERTa: sounds and sentences in one space.

The network and the spectrogram are transformers' own (``ClapModel``, ``ClapFeatureExtractor``). Sound is the mean of
the channels at 48 kHz. The network looks at 10 s: a shorter sound is repeated as often as it fits whole, then filled
up with zeros; of a longer one the **first** 10 s are taken, where the published scripts take 10 s at random.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from phonofilm.errors import WeightsError
from phonofilm.metrics._features._hub import DAMAGED, pretrained
from phonofilm.metrics._features._reader import Reader
from phonofilm.metrics._features._sound import mono, resampler
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

if TYPE_CHECKING:
    from transformers import ClapModel

RATE = 48_000
CLAP = Published(
    name="clap",
    what="CLAP by LAION, HTSAT-tiny and RoBERTa, trained on LAION-Audio-630K",
    home="hf://laion/clap-htsat-unfused",
    licence="Apache-2.0",
)


class Clap(Reader):
    """The embedding of a clip's sound, ``features`` ``(1, d)`` of unit length; see the module."""

    published = CLAP
    needs = (CLAP,)
    resampler = resampler(RATE)

    def load(self) -> ClapModel:
        """A ``ClapModel``."""
        from transformers import ClapModel

        network = pretrained(ClapModel, self.opened.path, self.device)
        if network.config.audio_config.enable_fusion:
            raise WeightsError(
                f"{self.opened.path} is a CLAP that fuses pieces chosen at random: get the unfused one from {CLAP.home}"
            )
        return network

    @cached_property
    def spectrogram(self) -> Any:
        """A ``ClapFeatureExtractor`` with the folder's settings."""
        from transformers import ClapFeatureExtractor

        try:
            return ClapFeatureExtractor.from_pretrained(self.opened.path, local_files_only=True)
        except DAMAGED as error:
            raise WeightsError(
                f"{self.opened.path} has no preprocessor_config.json that can be read: get it anew from {CLAP.home}"
            ) from error

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of RoBERTa that lies in the folder."""
        from transformers import AutoTokenizer

        lacks = WeightsError(f"{self.opened.path} has no tokenizer.json that can be read: get it anew from {CLAP.home}")
        if not (self.opened.path / "tokenizer.json").is_file():  # without it transformers makes one that knows nothing
            raise lacks
        try:
            return AutoTokenizer.from_pretrained(self.opened.path, local_files_only=True)
        except DAMAGED as error:
            raise lacks from error

    def sentence(self, text: str) -> np.ndarray:
        """The embedding ``(d,)`` of a sentence; what RoBERTa's 512 places do not hold is cut off."""
        longest = self.network.config.text_config.max_position_embeddings - 2
        tokens = self.tokenizer([text], truncation=True, max_length=longest, return_tensors="pt").to(self.device)
        found = self.network.get_text_features(tokens["input_ids"], tokens["attention_mask"])
        return found.pooler_output[0].cpu().numpy()

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        subject.check(AV(False, True))
        network, spectrogram = self.network, self.spectrogram
        sound = mono(subject.clip, RATE)[: spectrogram.nb_max_samples]
        mel = spectrogram(sound, truncation="rand_trunc", padding="repeatpad", sampling_rate=RATE, return_tensors="pt")
        longer = torch.zeros(1, 1, dtype=torch.bool, device=self.device)
        found = network.get_audio_features(mel["input_features"].to(self.device), longer)
        return {"features": found.pooler_output.cpu().numpy()}
