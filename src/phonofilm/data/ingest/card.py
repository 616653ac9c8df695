"""The card of a published data set: what the hub reads at its top, and what people read below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import yaml

from phonofilm.data.ingest.counting import counted
from phonofilm.data.ingest.rows import Row, SourceRow
from phonofilm.data.ingest.stats import Stats
from phonofilm.data.packed.rows import PackedClip
from phonofilm.errors import SettingError

_NAMES = (
    "apache-2.0 mit cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 "
    "cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 "
    "cc-by-nc-sa-4.0 pddl odc-by odbl bsd-3-clause gpl-3.0 etalab-2.0"
)
LICENCES = frozenset(_NAMES.split())
"""Licences that the hub knows by these names and that data sets have; others are given with their address."""
NO_LICENCE = frozenset(("", "none", "unknown", "other", "todo", "?"))
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGEST = "1M<n<10M"


class Origin(Row):
    """Where films come from.

    Attributes:
        name: of the collection or maker.
        licence: under which they were given.
        url: where they are found.
    """

    name: str
    licence: str
    url: str = ""


class Card(Row):
    """What is to be said of a data set.

    Attributes:
        title: its title.
        licence: of the data set: a name that the hub knows (:data:`LICENCES`), or another one with its ``licence_url``.
        licence_url: where its text is.
        description: what it is, in a paragraph or more.
        origins: of the films.
        languages: of captions and speech, as two letters each.
        tags: more words to find it by.
    """

    title: str
    licence: str
    licence_url: str = ""
    description: str = ""
    origins: tuple[Origin, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def front_matter(self) -> dict[str, Any]:
        """What the hub is told of the licence.

        Raises:
            SettingError: if none is stated, for the whole or for the films of one origin, or the hub does not know it
                and no address is given.
        """
        unlicensed = [origin.name for origin in self.origins if origin.licence.strip().lower() in NO_LICENCE]
        if self.licence.strip().lower() in NO_LICENCE or unlicensed:
            whose = f"the films of {unlicensed[0]}" if unlicensed else "the data set"
            raise SettingError(
                f"no licence is stated for {whose}: state the one under which its makers gave it; "
                "films that nobody licensed are not published"
            )
        name = self.licence.strip()
        if name.lower() in LICENCES:
            return {"license": name.lower()}
        if not self.licence_url:
            known = ", ".join(sorted(LICENCES))
            raise SettingError(f"the hub does not know the licence {name!r}: give its address too, or one of {known}")
        return {"license": "other", "license_name": _slug(name), "license_link": self.licence_url}


def card_text(
    card: Card,
    front: Mapping[str, Any],
    splits: Mapping[str, Sequence[PackedClip]],
    sources: Sequence[SourceRow],
    numbers: Stats | None,
) -> str:
    """The card: front matter in YAML, then Markdown.

    Args:
        card: what is to be said.
        front: what the hub is told of the licence.
        splits: the clips of each.
        sources: the films that these come from.
        numbers: of the preparation; ``None``: nothing is said of what was left out.
    """
    clips = [clip for members in splits.values() for clip in members]
    matter = {
        **front,
        "pretty_name": card.title,
        "size_categories": [next((name for limit, name in SIZES if len(clips) < limit), LARGEST)],
        "task_categories": ["text-to-video", "text-to-audio"],
        "tags": list(dict.fromkeys(["video", "audio", "webdataset", *card.tags])),
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}/*.tar"} for split in splits],
            }
        ],
    }
    if card.languages:
        matter["language"] = list(card.languages)
    head = yaml.safe_dump(matter, sort_keys=False, allow_unicode=True, width=1000)
    parts = [f"# {card.title}", card.description, _licences(card), _splits(splits), _clips(clips), _reading(splits)]
    if numbers is not None:
        parts.append(_left_out(numbers))
    parts.append(_films(sources))
    return f"---\n{head}---\n\n" + "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _licences(card: Card) -> str:
    link = f"[{card.licence}]({card.licence_url})" if card.licence_url else card.licence
    rows = [(origin.name, origin.licence, origin.url) for origin in card.origins]
    table = _table(("Films of", "Licence", "Found at"), rows) if rows else ""
    return f"## Licence and sources\n\nThe data set is under {link}.\n\n{table}"


def _splits(splits: Mapping[str, Sequence[PackedClip]]) -> str:
    rows = [
        (split, f"{len({clip.source_id for clip in clips}):,}", f"{len(clips):,}", _hours(clips))
        for split, clips in splits.items()
    ]
    says = "Divided film by film: no film has clips in two splits." if _is_by_film(splits) else ""
    return f"## Splits\n\n{_table(('Split', 'Films', 'Clips', 'Hours'), rows)}\n\n{says}"


def _is_by_film(splits: Mapping[str, Sequence[PackedClip]]) -> bool:
    films = [{clip.source_id for clip in clips} for clips in splits.values()]
    return sum(map(len, films)) == len(set().union(*films))


def _clips(clips: Sequence[PackedClip]) -> str:
    pictures = [clip.video for clip in clips if clip.video is not None]
    sounds = [clip.audio for clip in clips if clip.audio is not None]
    texts = [clip.caption for clip in clips if clip.caption]
    rows = [
        ("clips with picture", f"{len(pictures):,}"),
        ("clips with sound", f"{len(sounds):,}"),
        ("clips with a caption", f"{len(texts):,}, {len(set(texts)):,} different ones"),
        ("length", _range((_length(clip) for clip in clips), "s")),
        ("frames a second", _range((one.fps for one in pictures), "")),
        ("width x height", _list(f"{one.width}x{one.height}" for one in pictures)),
        ("sample rate", _list(f"{one.sample_rate} Hz" for one in sounds)),
        ("channels", _list(str(one.channels) for one in sounds)),
    ]
    return f"## Statistics\n\n{_table(('Of the clips', ''), rows)}"


def _reading(splits: Mapping[str, Sequence[PackedClip]]) -> str:
    split = next(iter(splits))
    return f"""## How to read it

Each clip is two files of a tar: `CLIP.mp4`, and `CLIP.json` with its caption, its split, and its exact place in its
film: `span` counts pictures by ticks of the film's clock and sound by samples, in whole numbers.

```python
from datasets import load_dataset

for clip in load_dataset("PATH", split="{split}", streaming=True):
    print(clip["__key__"], clip["json"]["caption"])
```

`index.parquet` has a row for each clip with the offset of its files, `sources.parquet` one for each film. The folder
is a packed folder of Phonofilm as it is, here or by its address on the hub."""


def _left_out(numbers: Stats) -> str:
    rows = [
        (what, tally.stage, tally.reason.value.replace("_", " "), f"{tally.count:,}")
        for what, tallies in (("film", numbers.films_left_out), ("clip", numbers.clips_left_out))
        for tally in tallies
    ]
    if not rows:
        return "## Left out\n\nNothing was left out."
    return f"## Left out\n\n{_table(('What', 'Stage', 'Reason', 'Number'), rows)}"


def _films(sources: Sequence[SourceRow]) -> str:
    codecs = _list(row.video.codec for row in sources if row.video is not None)
    sounds = _list(row.audio.codec for row in sources if row.audio is not None)
    return (
        f"The clips come from {counted(len(sources), 'film')} (picture: {codecs or 'none'}; sound: {sounds or 'none'})."
    )


def _length(clip: PackedClip) -> Fraction:
    if clip.video is not None:
        return clip.video.seconds
    return Fraction(clip.audio.samples, clip.audio.sample_rate) if clip.audio else Fraction(0)


def _hours(clips: Iterable[PackedClip]) -> str:
    return f"{float(sum((_length(clip) for clip in clips), Fraction(0)) / 3600):.3f}"


def _range(values: Iterable[Fraction], unit: str) -> str:
    found = sorted(set(values))
    if not found:
        return "none"
    ends = [f"{float(value):.6g}" for value in (found[0], found[-1])]
    return f"{ends[0] if len(found) == 1 else ' to '.join(ends)} {unit}".strip()


def _list(values: Iterable[str], most: int = 6) -> str:
    """The different values, the first few of them."""
    found = sorted(set(values))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
