"""What was asked for in a work folder: the settings of its stages, and the recipe that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phonofilm.data.ingest.caption import Caption
from phonofilm.data.ingest.filter import Filtering
from phonofilm.data.ingest.recipe import Pack, Recipe
from phonofilm.data.ingest.rows import Row
from phonofilm.data.ingest.scan import Scan
from phonofilm.data.ingest.score import Scoring
from phonofilm.data.ingest.split import Split
from phonofilm.data.ingest.subsets import Splits

DECIDING = {"scan", "split", "filter", "caption", "splits", "pack"}
"""The settings that a packed folder shows; what is measured shows in the rules alone."""


class Plan(Row):
    """What was asked for; a stage that nobody asked for yet is ``None``.

    Attributes:
        films: folder of the films.
        scan, split, score, filter, caption: settings of the stages.
        splits: how the films are divided.
        pack: what the clips are written as.
        recipe: that a command took all of them from, whatever later ones have changed.
    """

    films: str
    scan: Scan = Scan()
    split: Split | None = None
    score: Scoring | None = None
    filter: Filtering | None = None
    caption: Caption | None = None
    splits: Splits | None = None
    pack: Pack | None = None
    recipe: Recipe | None = None

    @property
    def deciding(self) -> dict[str, Any]:
        """The settings that decide which clips are packed, and as what, by names such as ``pack.fps``."""
        return _flat(self.model_dump(mode="json", include=DECIDING))

    @property
    def followed(self) -> Recipe | None:
        """The recipe, as long as every setting is its."""
        given = {} if self.recipe is None else settings_of(self.recipe)
        return self.recipe if all(getattr(self, name) == value for name, value in given.items()) else None


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """What a recipe makes of a plan."""
    names = [name for name in Plan.model_fields if name in Recipe.model_fields and name != "films"]
    return {name: getattr(recipe, name) for name in names}


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Settings of settings side by side, without those that are not set."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return {name: value for name, value in found.items() if value not in (None, [], "")}
