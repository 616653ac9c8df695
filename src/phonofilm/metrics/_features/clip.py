"""CLIP (arXiv 2103.00020), OpenAI's ViT-B/32: pictures and sentences in one space.

The network is transformers' own (``CLIPModel``). Of a clip 48 frames are looked at, evenly from the first to the
last, each place rounded to the nearest frame (the same frame may come twice), as JavisBench does; each is resized
by Pillow's bicubic and cut to its middle square (:mod:`phonofilm.metrics._features._openai`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from phonofilm.metrics._features._hub import pretrained
from phonofilm.metrics._features._openai import Tokens, frames_of, squares
from phonofilm.metrics._features._reader import Reader
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

if TYPE_CHECKING:
    from transformers import CLIPModel

FRAMES = 48
CLIP = Published(
    name="clip",
    what="CLIP ViT-B/32 by OpenAI, trained on 400 million pictures and captions",
    home="hf://openai/clip-vit-base-patch32",
    licence="MIT",
)


class Clip(Reader):
    """The embeddings of a clip's frames, ``features`` ``(48, d)`` of unit length; see the module."""

    published = CLIP
    needs = (CLIP,)

    def load(self) -> CLIPModel:
        """A ``CLIPModel``."""
        from transformers import CLIPModel

        return pretrained(CLIPModel, self.opened.path, self.device)

    @cached_property
    def tokens(self) -> Tokens:
        """The tokenizer that lies in the folder."""
        return Tokens(self.opened.path)

    def sentence(self, text: str) -> np.ndarray:
        """The embedding ``(d,)`` of a sentence, of unit length; what 77 tokens do not hold is cut off."""
        tokens = self.tokens([text], padding=self.tokens.end).to(self.device)
        found = self.network.get_text_features(tokens).pooler_output
        return torch.nn.functional.normalize(found[0], dim=-1).cpu().numpy()

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        frames = frames_of(subject)
        chosen = frames[np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)]
        pixels = squares(chosen, self.network.config.vision_config.image_size).to(self.device)
        found = self.network.get_image_features(pixels).pooler_output
        return {"features": torch.nn.functional.normalize(found, dim=-1).cpu().numpy()}
