"""Model families, one folder per paper; found by name, so adding a folder adds a family."""

from __future__ import annotations

from phonofilm.models._catalogue import Entry, assemble, catalogue, create, families
from phonofilm.models._family import Family, FamilyNetwork, Model, Preset, SamplingDefaults
from phonofilm.models._folder import fingerprint, load, save
from phonofilm.models._training import StageRecord, clips_of

__all__ = [
    "Entry",
    "Family",
    "FamilyNetwork",
    "Model",
    "Preset",
    "SamplingDefaults",
    "StageRecord",
    "assemble",
    "catalogue",
    "clips_of",
    "create",
    "families",
    "fingerprint",
    "load",
    "save",
]
