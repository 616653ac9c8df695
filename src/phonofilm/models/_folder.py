"""Models on disk: a folder that describes itself, loaded strictly.

``model.json`` holds family, size, config, schedule, parameterization, shape and sampling defaults, and the SHA-256 of
the weights beside it, which is checked on loading (where there is none, as in folders of earlier versions, it is not);
``network.safetensors`` the network, ``text/`` the text encoder, ``codec/`` the codec in its own format
(:mod:`phonofilm.codecs.store`), ``training.json`` how it came to be. No file of such a folder is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from phonofilm import codecs, weights
from phonofilm.conditioning.text import TextEncoder, load_description
from phonofilm.diffusion.parameterization import parameterization
from phonofilm.diffusion.schedule import schedule_from_json
from phonofilm.errors import SettingError, WeightsError
from phonofilm.media.atomic import replace_folder
from phonofilm.models._catalogue import family, shipped
from phonofilm.models._family import FamilyNetwork, Model, SamplingDefaults
from phonofilm.models._training import read_records, write_records
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape

VERSION = 1
DESCRIPTION, NETWORK = "model.json", "network.safetensors"
CODEC, TEXT, TEXT_DESCRIPTION, TEXT_WEIGHTS = "codec", "text", "text/text.json", "text/text.safetensors"


class Description(BaseModel):
    """``model.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    family: str
    size: str
    config: dict[str, Any]
    schedule: AV[dict[str, Any]]
    parameterization: AV[str]
    shape: ClipShape
    defaults: SamplingDefaults
    sha256: dict[str, str] = {}


def describe(model: Model) -> Description:
    """What a model's folder says about it, but for the hashes of its files."""
    return Description(
        version=VERSION,
        family=model.family,
        size=model.size,
        config=model.config.model_dump(mode="json"),
        schedule=model.schedule.map(lambda schedule: schedule.to_json()),
        parameterization=model.parameterization.map(lambda kind: kind.name),
        shape=model.shape,
        defaults=model.defaults,
    )


def save(model: Model, folder: str | Path, *, half: bool = False) -> Path:
    """Write a model's folder, whole or not at all; a model that is there already is replaced.

    Args:
        model: to write.
        folder: where.
        half: store weights as float16; they are loaded as float32 again.

    Raises:
        WeightsError: if the place holds something else than a model, or weights do not fit float16.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / DESCRIPTION).is_file():
        raise WeightsError(f"{folder} exists and is not a model: choose another folder")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write(model, partial, half)
        replace_folder(folder, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def load(name_or_path: str | Path) -> Model:
    """Read a model, in float32 and evaluation mode.

    Args:
        name_or_path: name of a model that ships, such as ``svg-tiny``, or a model's folder.

    Raises:
        SettingError: for an unknown name; the nearest one is offered.
        WeightsError: if files are missing or damaged, of another version, or do not fit each other.
    """
    folder = Path(name_or_path)
    if not folder.is_dir():
        if isinstance(name_or_path, Path) or len(folder.parts) > 1:
            raise WeightsError(f"there is no folder {folder}: give a model's folder, or a name from `phonofilm models`")
        folder = shipped(name_or_path)
    # Fresh weights are drawn only to be overwritten: not from the caller's random state.
    with torch.random.fork_rng(devices=[]):
        return _read(folder)


def fingerprint(model: Model) -> str:
    """SHA-256 of all that decides what a model makes: its description and every weight, names and values."""
    digest = hashlib.sha256(describe(model).model_dump_json(exclude={"sha256"}).encode())
    for part, module in model.modules.items():
        for piece in weights.content(module, before=f"\n{part} "):
            digest.update(piece)
    return digest.hexdigest()


def _read(folder: Path) -> Model:
    description = _description(folder)
    config, network = _network(description, folder)
    _fill(network, folder, NETWORK, description)
    try:
        schedule = description.schedule.map(schedule_from_json)
        kinds = description.parameterization.map(parameterization)
    except SettingError as error:
        raise WeightsError(f"{folder / DESCRIPTION}: {error}") from error
    except (TypeError, ValueError) as error:
        raise WeightsError(f"{folder / DESCRIPTION} has a noise schedule that is none ({error})") from error
    return Model(
        description.family,
        description.size,
        config,
        network.eval(),
        codecs.load(folder / CODEC),
        _text(folder, description),
        schedule,
        kinds,
        description.shape,
        description.defaults,
        read_records(folder),
    )


def _write(model: Model, folder: Path, half: bool) -> None:
    (folder / TEXT).mkdir(parents=True)
    stated = json.dumps(model.text.describe(), indent=1) + "\n"
    (folder / TEXT_DESCRIPTION).write_text(stated, encoding="utf-8")
    parts = {NETWORK: model.network, TEXT_WEIGHTS: model.text}
    hashes = {name: weights.save(part, folder / name, half=half) for name, part in parts.items()}
    description = describe(model).model_copy(update={"sha256": hashes})
    (folder / DESCRIPTION).write_text(description.model_dump_json(indent=1) + "\n", encoding="utf-8")
    codecs.save(model.codec, folder / CODEC, half=half)
    write_records(model.training, folder)


def _description(folder: Path) -> Description:
    path = folder / DESCRIPTION
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        version = row["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{folder} is not a model: its {DESCRIPTION} is missing or damaged; name one that `phonofilm models` "
            "lists, or a folder that training wrote"
        ) from error
    if version != VERSION:
        raise WeightsError(
            f"{folder} is a model of format version {version}, this Phonofilm reads {VERSION}: install the matching one"
        )
    try:
        return Description.model_validate_json(json.dumps(row))
    except ValidationError as error:
        raise WeightsError(f"{path} is damaged at {_place(error)}") from error
    except (SettingError, ArithmeticError) as error:  # of a shape or a fraction that is none
        raise WeightsError(f"{path} is damaged ({error}): copy or train the model again") from error


def _network(description: Description, folder: Path) -> tuple[BaseModel, FamilyNetwork]:
    try:
        own = family(description.family)
        config = own.config.model_validate_json(json.dumps(description.config))
        return config, own.build(config)
    except SettingError as error:
        raise WeightsError(f"{folder} is a model for another Phonofilm: {error}") from error
    except ValidationError as error:
        raise WeightsError(f"{folder / DESCRIPTION} has a config that does not fit {_place(error)}") from error
    except weights.UNFIT as error:
        raise WeightsError(
            f"{folder / DESCRIPTION} has a config that makes no {description.family} network ({error}): "
            "copy or train the model again"
        ) from error


def _text(folder: Path, description: Description) -> TextEncoder:
    stated = folder / TEXT_DESCRIPTION
    encoder = TextEncoder.rebuild(load_description(stated), stated)
    _fill(encoder, folder, TEXT_WEIGHTS, description)
    return encoder.eval()


def _fill(module: nn.Module, folder: Path, name: str, description: Description) -> None:
    weights.fill(module, weights.read(folder / name, description.sha256.get(name)), folder / name)


def _place(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
