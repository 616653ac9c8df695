"""Codecs: clips to the latents that networks are trained on, and back.

A :class:`~phonofilm.codecs.base.Codec` holds one part per modality. A part is found by its name
``module.Class`` inside this package and stored as a folder that describes itself; see
:mod:`phonofilm.codecs.store`.
"""

from __future__ import annotations

from phonofilm.codecs.base import AudioCodec, Codec, VideoCodec
from phonofilm.codecs.store import load, save

__all__ = ["AudioCodec", "Codec", "VideoCodec", "load", "save"]
