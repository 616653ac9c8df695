"""Recipes: all settings of a preparation in one file, and the counts that it should give."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field

from phonofilm.data.ingest.caption import Caption
from phonofilm.data.ingest.filter import Filtering
from phonofilm.data.ingest.rows import Positive, Row
from phonofilm.data.ingest.scan import Scan
from phonofilm.data.ingest.score import Scoring
from phonofilm.data.ingest.settings import checked
from phonofilm.data.ingest.split import Split
from phonofilm.data.ingest.subsets import Splits, Subset
from phonofilm.data.packed.shards import SHARD_BYTES, Layout
from phonofilm.errors import SettingError, unknown_name
from phonofilm.media.form import CRF, PRESET, Form, Preset

FOLDER = Path(__file__).parent / "recipes"
"""The recipes that ship."""
SUFFIXES = (".yaml", ".yml")
"""Of recipes in files."""


class Counted(str, Enum):
    """What a preparation can be counted by."""

    SOURCES = "sources"
    """Films that are used."""
    CLIPS = "clips"
    HOURS = "hours"
    """Of the clips."""
    TEXTS = "texts"
    """Different captions: the classes, where these are the captions."""
    TRAIN_SOURCES = "train.sources"
    TRAIN_CLIPS = "train.clips"
    VALIDATION_SOURCES = "validation.sources"
    VALIDATION_CLIPS = "validation.clips"
    TEST_SOURCES = "test.sources"
    TEST_CLIPS = "test.clips"


Counts = Mapping[Counted, Fraction | int]


def _several(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


class Expect(Row):
    """A count that the result should have.

    Attributes:
        of: what is counted.
        count: how many; several, if the collection is around in several forms.
        within: share by which it may differ.
        cite: where the number stands.
    """

    of: Counted
    count: Annotated[tuple[Fraction, ...], BeforeValidator(_several), Field(min_length=1)]
    within: Annotated[Fraction, Field(ge=0, lt=1)] = Fraction(0)
    cite: str


def _height_and_width(value: Any) -> Any:
    """``"256x448"`` as numbers; anything else as it is.

    Raises:
        ValueError: for another text.
    """
    if not isinstance(value, str):
        return value
    parts = value.split("x")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise ValueError("must be HEIGHTxWIDTH, for example 256x256")
    return tuple(int(part) for part in parts)


class Pack(Row):
    """What the clips are written as; see :class:`phonofilm.media.form.Form` for all but the last two.

    Attributes:
        fps, size, sample_rate, channels: ``None``: the film's own; the size is height and width, as a list or as
            ``256x256``.
        crf, preset, compressed: how they are coded.
        layout: how they lie on disk.
        shard_bytes: a shard is full before it holds more than this of films.
    """

    fps: Annotated[Fraction, Field(gt=0)] | None = None
    size: Annotated[tuple[Positive, Positive] | None, BeforeValidator(_height_and_width)] = None
    sample_rate: Positive | None = None
    channels: Annotated[int, Field(ge=1, le=2)] | None = None
    crf: Annotated[int, Field(ge=0, le=51)] = CRF
    preset: Preset = PRESET
    compressed: bool = False
    layout: Layout = Layout.TAR
    shard_bytes: Positive = SHARD_BYTES

    @property
    def form(self) -> Form:
        """What each clip is to be as a file."""
        return Form(self.fps, self.size, self.sample_rate, self.channels, self.crf, self.preset, self.compressed)


class Encode(Row):
    """Latents beside the clips.

    Attributes:
        model: whose codec; a name or a folder.
    """

    model: str


class Recipe(Row):
    """A preparation from a folder of films to a data set.

    Attributes:
        name: short; also of the file.
        description: what comes out.
        paper: that the recipe follows.
        licence: what is known of the rights in the films, and what is not.
        films: what has to lie in the folder.
        scan, split, score, filter, caption, pack, encode: settings of the stages; no latents without ``encode``, and
            without ``caption`` words are taken from files beside the films, and no clip has to have any.
        splits: which films train and which are held out.
        expects: counts of the result.
        unknown: what nobody has published, so that nothing is expected of it.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    description: str
    films: str
    paper: str = ""
    licence: str = ""
    scan: Scan = Scan()
    split: Split
    score: Scoring = Scoring()
    filter: Filtering = Filtering()
    caption: Caption = Caption(required=False)
    pack: Pack = Pack()
    encode: Encode | None = None
    splits: Splits
    expects: tuple[Expect, ...] = ()
    unknown: tuple[str, ...] = ()


def catalogue() -> list[str]:
    """Names of the recipes that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def shipped(name: str) -> Path:
    """The file of a recipe that ships.

    Raises:
        SettingError: if there is none.
    """
    if name not in catalogue():
        raise unknown_name("recipe", name, catalogue())
    return FOLDER / f"{name}.yaml"


def read_recipe(name: str | Path) -> Recipe:
    """A recipe that ships, by its name, or one of a file.

    Raises:
        SettingError: if there is none, it is damaged, or a setting is unknown (the nearest is offered) or out of
            range.
    """
    path = shipped(str(name)) if Path(name).suffix not in SUFFIXES else Path(name)
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Exact)
    except OSError as error:
        raise SettingError(f"cannot read the recipe {path} ({error.strerror}): check the name") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not YAML ({' '.join(str(error).split())}): mend it") from error
    recipe = checked(Recipe, values, str(path))
    try:
        recipe.filter.check(recipe.score.gives)  # now, not after hours of measuring
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error
    return recipe


class _Exact(yaml.SafeLoader):
    """Reads numbers with a point as the decimals that they are written as, so that 0.1 s is a tenth."""


def _decimal(loader: Any, node: Any) -> Decimal:
    return Decimal(repr(loader.construct_yaml_float(node)))


_Exact.add_constructor("tag:yaml.org,2002:float", _decimal)


def expected(recipe: Recipe, counts: Counts) -> list[str]:
    """What is not as it should be, a sentence each; empty if all is.

    Args:
        recipe: whose counts.
        counts: of the result (:meth:`phonofilm.data.ingest.stats.Stats.counts`).
    """
    problems = (_unmet(recipe, expect, counts.get(expect.of, 0)) for expect in recipe.expects)
    return [problem for problem in problems if problem]


def _unmet(recipe: Recipe, expect: Expect, got: Fraction | int) -> str:
    if any(abs(got - count) <= expect.within * count for count in expect.count):
        return ""
    wanted = " or ".join(_number(count) for count in expect.count)
    about = f", give or take {_number(100 * expect.within)} %," if expect.within else ""
    return f"{recipe.name} should have {wanted} {_spoken(expect.of)}{about} and has {_number(got)} ({expect.cite})"


def _spoken(what: Counted) -> str:
    subset, _, kind = what.value.rpartition(".")
    name = {"sources": "films", "texts": "different captions"}.get(kind, kind)
    return f"{name} for {Subset(subset).value}" if subset else name


def _number(value: Fraction | int) -> str:
    return f"{int(value):,}" if value == int(value) else f"{float(value):,.2f}"
