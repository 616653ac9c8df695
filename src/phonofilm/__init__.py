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
    from phonofilm.metrics import score_folder as score
    from phonofilm.pair import AV
    from phonofilm.pipelines.joint import Pipeline, load
    from phonofilm.shapes import ClipShape
    from phonofilm.training.config import TrainConfig
    from phonofilm.training.loop import run as train

__version__ = version("phonofilm")

_HOMES = {
    "load": "phonofilm.pipelines.joint:load",
    "Pipeline": "phonofilm.pipelines.joint:Pipeline",
    "train": "phonofilm.training.loop:run",
    "TrainConfig": "phonofilm.training.config:TrainConfig",
    "score": "phonofilm.metrics:score_folder",
    "Clip": "phonofilm.media.clip:Clip",
    "read": "phonofilm.media.read:read",
    "write": "phonofilm.media.write:write",
    "AV": "phonofilm.pair:AV",
    "ClipShape": "phonofilm.shapes:ClipShape",
    "Event": "phonofilm.events:Event",
    "PhonofilmError": "phonofilm.errors:PhonofilmError",
    "MediaError": "phonofilm.errors:MediaError",
    "SettingError": "phonofilm.errors:SettingError",
    "WeightsError": "phonofilm.errors:WeightsError",
}

__all__ = [
    "load",
    "Pipeline",
    "train",
    "TrainConfig",
    "score",
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
    if name not in _HOMES:
        raise AttributeError(f"module 'phonofilm' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
