"""Extractors whose networks read sentences too."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from phonofilm.metrics._features._extractor import Extractor
from phonofilm.metrics._given import Published


class Reader(Extractor):
    """An extractor that embeds sentences where it embeds pictures or sounds.

    Attributes:
        needs: all weights that it opens.
    """

    needs: ClassVar[tuple[Published, ...]]

    @abstractmethod
    def sentence(self, text: str) -> np.ndarray:
        """The embedding ``(d,)`` of a sentence; sentences are no part of a clip, so this is not kept."""
