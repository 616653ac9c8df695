"""Phonofilm: joint audio-video generation. Train it, generate with it, measure it.

The public names are loaded on first use, so that ``import phonofilm`` and the command line start at once.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phonofilm.errors import MediaError, PhonofilmError, SettingError, WeightsError
    from phonofilm.events import Event
    from phonofilm.media.clip import Clip
    from phonofilm.media.read import read
    from phonofilm.media.write import write
    from phonofilm.pair import AV
    from phonofilm.pipelines.joint import Pipeline, load
    from phonofilm.shapes import ClipShape

__version__ = version("phonofilm")

_HOME = {
    "load": "phonofilm.pipelines.joint",
    "Pipeline": "phonofilm.pipelines.joint",
    "Clip": "phonofilm.media.clip",
    "read": "phonofilm.media.read",
    "write": "phonofilm.media.write",
    "AV": "phonofilm.pair",
    "ClipShape": "phonofilm.shapes",
    "Event": "phonofilm.events",
    "PhonofilmError": "phonofilm.errors",
    "MediaError": "phonofilm.errors",
    "SettingError": "phonofilm.errors",
    "WeightsError": "phonofilm.errors",
}

__all__ = [
    "load",
    "Pipeline",
    "Clip",
    "read",
    "write",
    "AV",
    "ClipShape",
    "Event",
    "PhonofilmError",
    "MediaError",
    "SettingError",
    "WeightsError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'phonofilm' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
