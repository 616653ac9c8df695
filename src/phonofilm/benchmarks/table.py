"""The Clapperboard benchmark's results as Markdown. Works on the JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from phonofilm.plots.tables import markdown_table

F1 = "event-f1-125ms"
COUNTS = ("event-count-seen", "event-count-heard")


class Group(str, Enum):
    """Which table a column stands in."""

    TIME = "Picture and sound together in time"
    CONTENT = "What is seen and heard"


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        score: name of the score.
        title: above it.
        group: its table.
        digits: after the decimal point.
    """

    score: str
    title: str
    group: Group
    digits: int

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return {**asdict(self), "group": self.group.value}


COLUMNS = (
    Column("sync-error", "sync-error, ms", Group.TIME, 0),
    Column("sync-offset", "sync-offset, ms", Group.TIME, 0),
    Column("event-f1-frame", "event F1, one frame", Group.TIME, 2),
    Column(F1, "event F1, 125 ms", Group.TIME, 2),
    Column("event-hit-45ms", "hits within 45 ms", Group.TIME, 2),
    Column("event-offset-median", "median offset, ms", Group.TIME, 0),
    Column("event-error-p50", "median error, ms", Group.TIME, 0),
    Column("event-error-p90", "p90 error, ms", Group.TIME, 0),
    Column("avalign-svg", "avalign-svg", Group.TIME, 2),
    Column(COUNTS[0], "as many seen as asked", Group.CONTENT, 2),
    Column(COUNTS[1], "as many heard as asked", Group.CONTENT, 2),
    Column("material-picture", "picture shows the material", Group.CONTENT, 2),
    Column("material-sound", "sound has the material", Group.CONTENT, 2),
    Column("frechet-video-latents", "Frechet distance, pictures", Group.CONTENT, 1),
    Column("frechet-audio-latents", "Frechet distance, sounds", Group.CONTENT, 1),
)


def markdown(results: Mapping[str, Any]) -> str:
    """The tables with the command, prompts, seeds and versions that they come from."""
    parts = [
        f"```\n{results['command']}\n```",
        _about(results),
        *(f"**{group.value}**\n\n{table(results, group)}" for group in Group),
        *(said for said in (_counts(results["rows"]), _shares(results["rows"])) if said),
        "\n".join([*_weights(results["rows"]), *_left_out(results["left_out"])]),
    ]
    return "\n\n".join(parts)


def table(results: Mapping[str, Any], group: Group) -> str:
    """One table: a row a source, values with their 95 % intervals; columns that were not measured are left out."""
    columns = [one for one in COLUMNS if one.group is group and _measured(results["rows"], one)]
    rows = [[row["label"], *(_cell(row, one) for one in columns)] for row in results["rows"]]
    return markdown_table(["", *(one.title for one in columns)], rows)


def _measured(rows: Sequence[Mapping[str, Any]], column: Column) -> bool:
    return any(column.score in row["scores"] for row in rows)


def _cell(row: Mapping[str, Any], column: Column) -> str:
    score = row["scores"].get(column.score)
    if score is None or score["value"] is None:
        return "none"

    def shown(value: float) -> str:
        return f"{round(value, column.digits) + 0.0:.{column.digits}f}"  # + 0.0 turns -0 into 0

    interval = score["interval"]
    beside = "" if interval is None else f" ({shown(interval[0])} to {shown(interval[1])})"
    return shown(score["value"]) + beside


def _about(results: Mapping[str, Any]) -> str:
    task, versions = results["task"], results["versions"]
    return (
        f"{task['n']} held-out captions (Clapperboard {task['clapperboard']}, scenes {task['first_scene']} to "
        f"{task['last_scene']}, those with an event that is both seen and heard); clip i has seed i in every row. In "
        "brackets: 95 % intervals, by bootstrap over clips (Frechet distances: jackknife). Frechet distances are "
        f"measured on codec latents to {task['n']} true clips of other held-out scenes, from "
        f"{task['first_reference_scene']} on. Offsets are sound minus picture: the median one is "
        "that of the pairs that could be matched, sync-offset needs no pairs. Shuffled rows pair each picture with "
        "the sound of another clip. At 8 frames a second a frame is 125 ms, "
        "so that both F1 are the same. "
        f"Versions: {', '.join(f'{name} {number}' for name, number in versions.items())}."
    )


def _counts(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the columns of counts rest on, and what they would be by chance."""
    counted = [row["scores"][name] for row in rows for name in COUNTS if name in row["scores"]]
    chances = [one["chance"] for one in counted if one["chance"] is not None]
    if not chances:
        return ""
    return (
        f"As many as asked: of the {max(one['n'] for one in counted)} clips whose caption says how many times, the "
        "share in which the ruler finds just so many events. By chance, with the captions of other clips: "
        f"{min(chances):.2f} to {max(chances):.2f}."
    )


def _shares(rows: Sequence[Mapping[str, Any]]) -> str:
    """Each model's event F1 as a share of the true clips'."""
    truth = next((_value(row) for row in rows if row["kind"] == "true"), None)
    if not truth:
        return ""
    shares = [f"{row['label']} {value / truth:.2f}" for row in rows if (value := _value(row)) and _is_model(row)]
    return f"Event F1 at 125 ms as a share of the true clips': {'; '.join(shares)}." if shares else ""


def _value(row: Mapping[str, Any]) -> float | None:
    return row["scores"].get(F1, {}).get("value")


def _is_model(row: Mapping[str, Any]) -> bool:
    return row["kind"] == "model"


def _weights(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Weights, joint training and settings of the models, one line a row."""
    return [f"- {row['label']}: {_weight(row['identity'], row['joint_clips'])}" for row in rows if _is_model(row)]


def _weight(identity: Mapping[str, Any], joint_clips: int | None) -> str:
    return f"weights `{identity['weights'][:12]}`, {_budget(joint_clips)}, {_settings(identity['settings'])}"


def _budget(clips: int | None) -> str:
    return "joint training not on record" if clips is None else f"{clips:,} clips of joint training"


def _left_out(reasons: Mapping[str, str]) -> list[str]:
    return [f"- {name} is left out: {reason}" for name, reason in reasons.items()]


def _settings(settings: Mapping[str, Any]) -> str:
    guidance = settings["guidance"]
    return (
        f"{settings['steps']} steps of {settings['sampler']}, gamma {settings['gamma']:g}, "
        f"guidance video {guidance['video']:g}, audio {guidance['audio']:g}"
    )
