"""Clapperboard: procedural sounding scenes whose event times are known to the sample.

>>> from phonofilm.data.clapperboard import sample_scene
>>> sample_scene(7).caption == sample_scene(7).caption
True
"""

from phonofilm.data.clapperboard.render import draw, render, render_audio, render_frames
from phonofilm.data.clapperboard.scenes import HELD_OUT, KINDS, VERSION, Scene, sample_scene, training_seeds

__all__ = [
    "HELD_OUT",
    "KINDS",
    "VERSION",
    "Scene",
    "draw",
    "render",
    "render_audio",
    "render_frames",
    "sample_scene",
    "training_seeds",
]
