"""Counts of a folder whose every clip is known, and what is said of each."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import pytest

from phonofilm.data.ingest.caption import CaptionRow
from phonofilm.data.ingest.explain import explain
from phonofilm.data.ingest.ledger import Fate, Ledger
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.recipe import Counted, expected, read_recipe
from phonofilm.data.ingest.rows import ScoreRow, VerdictRow
from phonofilm.data.ingest.stats import nice_edges, stats
from phonofilm.data.ingest.subsets import Subset
from phonofilm.data.packed.rows import Member, PackedClip, PackedPictures, PackedSound
from phonofilm.errors import SettingError
from tests.data.ingest.films import clip, source

GOOD, OTHER = source("good.mp4"), source("d/other.mp4")
BAD = source("bad.mp4", reason=Reason.UNREADABLE, message="it is no film", video=None, audio=None)
COPY = source("z/copy.mp4", sha256=GOOD.sha256, reason=Reason.DUPLICATE, message="the same bytes as good.mp4")
HUNG, UNLISTED = source("hung.mp4"), source("unlisted.mp4")
CLIPS = (
    clip(GOOD, 0),
    clip(GOOD, 1),
    clip(GOOD, 2),
    clip(GOOD, 3, Reason.TOO_SHORT, "the film has 1.5 s left here"),
    clip(OTHER, 0),
    clip(OTHER, 1),
    clip(HUNG, 0),
    clip(UNLISTED, 0),
)
LUFS = (-20.0, -21.0, None, -23.0, -24.0)


def name(index: int) -> str:
    return CLIPS[index].clip_id


LEDGER = Ledger(
    sources=(GOOD, OTHER, BAD, COPY, HUNG, UNLISTED),
    clips=CLIPS,
    scores=tuple(
        ScoreRow(
            clip_id=name(index),
            values={"lufs": lufs, "av_offset": 0.001 * place, "all_zero": False},
            why={"lufs": "the sound is shorter than a block"} if lufs is None else {},
        )
        for place, (index, lufs) in enumerate(zip((0, 1, 2, 4, 5), LUFS, strict=True))
    ),
    verdicts=(
        VerdictRow(clip_id=name(0)),
        VerdictRow(clip_id=name(1), reason=Reason.RULE, message="lufs is -21, not below -22"),
        *(VerdictRow(clip_id=name(index)) for index in (2, 4, 5)),
    ),
    captions=(
        CaptionRow(clip_id=name(0), text="a dog", origin="beside"),
        CaptionRow(clip_id=name(2), text="", origin="", reason=Reason.NO_CAPTION, message="nobody knows it"),
        CaptionRow(clip_id=name(4), text="a dog", origin="list.csv"),
        CaptionRow(clip_id=name(5), text="", origin="", message="nobody knows it"),
    ),
    failures={("score", HUNG.source_id): Fate("score", Reason.TIMEOUT, "it took more than 5 s")},
    subsets={GOOD.source_id: Subset.TRAIN, OTHER.source_id: Subset.TEST, HUNG.source_id: Subset.TRAIN},
)


def test_what_became_of_each_clip() -> None:
    found = [LEDGER.fates.get(one.clip_id) for one in CLIPS]
    assert [fate and (fate.stage, fate.reason) for fate in found] == [
        None,
        ("filter", Reason.RULE),
        ("caption", Reason.NO_CAPTION),
        ("split", Reason.TOO_SHORT),
        None,
        None,
        ("score", Reason.TIMEOUT),
        ("splits", Reason.UNLISTED),
    ]
    assert [row.path for row, _ in LEDGER.lost] == ["bad.mp4", "z/copy.mp4", "hung.mp4"]
    assert [row.path for row in LEDGER.used_sources] == ["good.mp4", "d/other.mp4"]


def test_nothing_is_lost_in_counting() -> None:
    found = stats(LEDGER)
    assert (found.sources, found.sources_used, found.clips, found.clips_used) == (6, 2, 8, 3)
    assert found.clips == found.clips_used + sum(tally.count for tally in found.clips_left_out)
    assert {(tally.stage, tally.reason.value, tally.count) for tally in found.films_left_out} == {
        ("scan", "unreadable", 1),
        ("scan", "duplicate", 1),
        ("score", "timeout", 1),
    }
    assert (found.texts, found.uncaptioned) == (1, 1)
    assert found.seconds == 3 * Fraction(120120, 30000)
    assert {share.subset: (share.sources, share.clips) for share in found.shares} == {
        Subset.TRAIN: (1, 1),
        Subset.TEST: (1, 2),
    }
    assert sum(share.seconds for share in found.shares) == found.seconds


def test_counts_are_those_that_recipes_expect() -> None:
    counts = stats(LEDGER).counts
    assert counts[Counted.HOURS] == Fraction(3 * 1001, 250 * 3600)
    assert counts[Counted.TRAIN_CLIPS] == 1 and counts[Counted.TEST_SOURCES] == 1
    (problem,) = expected(read_recipe("call-of-duty"), counts)
    assert "13 hours, give or take 10 %, and has 0.00" in problem


def test_what_plug_ins_measured_has_histograms_of_its_own_after_the_others() -> None:
    values = zip(LEDGER.scores, (0.2, None, -0.4, 0.0, 0.2), strict=True)
    rows = [row.model_copy(update={"values": {**row.values, "judge.offset": value}}) for row, value in values]
    *others, last = stats(replace(LEDGER, scores=tuple(rows))).histograms
    assert others == list(stats(LEDGER).histograms)
    assert (last.name, sum(last.used) + sum(last.left_out), last.without) == ("judge.offset", 4, len(CLIPS) - 4)


def test_histograms_hold_every_clip_once() -> None:
    found = {one.name: one for one in stats(LEDGER).histograms}
    assert set(found) == {"Length", "Loudness", "Sound minus picture, estimated"}
    for one in found.values():
        assert sum(one.used) + sum(one.left_out) + one.without == len(CLIPS)
        assert len(one.edges) == len(one.used) + 1 == len(one.left_out) + 1
    loudness = found["Loudness"]
    assert loudness.without == 4
    for value, is_used in ((-20.0, True), (-21.0, False), (-24.0, True)):
        bar = max(index for index, edge in enumerate(loudness.edges[:-1]) if edge <= value)
        assert (loudness.used if is_used else loudness.left_out)[bar] == 1
    offsets = found["Sound minus picture, estimated"]
    assert offsets.unit == "ms" and offsets.edges[0] == 0 and offsets.edges[-1] == 4


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-70, 0), (4.004, 4.004), (0, 0), (-0.3, 1234.5), (1e-9, 3e-9), (1e6, 1e6 + 1)]
)
def test_edges_are_round_and_hold_everything(low: float, high: float) -> None:
    edges = nice_edges(low, high)
    assert edges[0] <= low and high <= edges[-1] and 1 <= len(edges) - 1 <= 26
    steps = [other - one for one, other in itertools.pairwise(edges)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-5)
    mantissa = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-6)
    assert min(abs(mantissa - nice) for nice in (1, 2, 5)) < 1e-4


def test_an_empty_folder_and_one_that_was_only_scanned() -> None:
    empty = stats(Ledger(()))
    assert (empty.sources, empty.clips, empty.hours, empty.histograms, empty.shares) == (0, 0, 0, (), ())
    scanned = stats(Ledger((GOOD, OTHER, BAD)))
    assert (scanned.sources_used, scanned.clips_used) == (2, 0)
    assert type(scanned).model_validate_json(scanned.model_dump_json()) == scanned
    full = stats(LEDGER)
    assert type(full).model_validate_json(full.model_dump_json()) == full


def test_a_clip_is_explained_stage_by_stage_with_exact_times() -> None:
    text = "\n".join(explain(name(1)[:12], LEDGER))
    for part in (
        f"clip {name(1)} of good.mp4",
        "h264, 640x360, 30000/1001 frames/s, time base 1/30000 s",
        # 123,120 ticks of 1/30000 s; 192,192 samples of 1/48000 s from 0.1 s on
        "120 frames, ticks 123120 to 243240: 4.104000 s to 8.108000 s, 4.004000 s long",
        "192192 samples, 192192 to 384384 at 48000 Hz: 4.104000 s to 8.108000 s, 4.004000 s long",
        "its sound begins +0.000 microseconds after its picture",
        "lufs: -21.0",
        "all_zero: False",
        "filter   left out (rule): lufs is -21, not below -22",
        "splits   train",
        "it is left out by filter: rule",
    ):
        assert part in text, text
    assert "caption" not in text


def test_every_clip_and_film_can_be_explained() -> None:
    for one in CLIPS:
        last = explain(one.clip_id, LEDGER)[-1]
        fate = LEDGER.fates.get(one.clip_id)
        assert last == ("it is in" if fate is None else f"it is left out by {fate.stage}: {fate.reason.value}")
    assert "scan     left out (unreadable): it is no film" in explain("bad.mp4", LEDGER)
    assert any("the same bytes as good.mp4" in line for line in explain("z/copy.mp4", LEDGER))
    good = explain("good.mp4", LEDGER)
    assert sum(line.startswith("clip ") for line in good) == 4
    assert f"clip {name(0)}: ticks 3000 to 123120, 0.100 to 4.104 s: in" in good
    assert any(line.endswith("left out by split (too_short): the film has 1.5 s left here") for line in good)
    assert "score    left out (timeout): it took more than 5 s" in explain(name(6), LEDGER)
    assert any("none (the sound is shorter than a block)" in line for line in explain(name(2), LEDGER))


def test_a_clip_that_was_cut_says_what_it_lacks_and_how_far_its_frames_are_off() -> None:
    made = PackedClip(
        clip_id=name(0),
        source_id=GOOD.source_id,
        span=CLIPS[0].span,
        video=PackedPictures(frames=32, fps=Fraction(8), seconds=Fraction(4), height=256, width=256),
        audio=PackedSound(samples=64064, sample_rate=16000, channels=1),
        frame_time_error=Fraction(1, 60),
        missing=1000,
    )
    told = "32 frames of 256x256, at most 16.667 ms off, 64064 samples at 16000 Hz"
    lacking = "; 1000 samples are missing in the film and silent"
    assert f"cut      in; {told}{lacking}" in explain(name(0), replace(LEDGER, cut={name(0): made}))
    whole = made.model_copy(update={"frame_time_error": Fraction(0), "missing": 0})
    exact = "cut      in; 32 frames of 256x256, 64064 samples at 16000 Hz"
    assert exact in explain(name(0), replace(LEDGER, cut={name(0): whole}))


def test_a_packed_clip_says_where_it_lies() -> None:
    member = Member(suffix="mp4", file="shard-000001.tar", offset=512, size=100, sha256="")
    packed = replace(LEDGER, packed={name(0): (member,)})
    assert "pack     shard-000001.tar, bytes 512 to 612: .mp4" in explain(name(0), packed)


def test_a_time_that_is_no_whole_number_of_microseconds_is_told_exactly() -> None:
    row = source("odd.mp4", origin=Fraction(1, 3))
    (line,) = (line for line in explain("odd.mp4", Ledger((row,))) if "origin" in line)
    assert "0.333333 s (1/3)" in line


@pytest.mark.parametrize("bad", ["", "nothing", "good.mp3", "/etc/passwd"])
def test_a_name_of_nothing_is_said_so(bad: str) -> None:
    with pytest.raises(SettingError, match="no clip or film"):
        explain(bad, LEDGER)


def test_a_beginning_of_several_names_is_not_enough() -> None:
    first = Ledger(
        (GOOD,), tuple(one.model_copy(update={"clip_id": f"ab{index}"}) for index, one in enumerate(CLIPS[:2]))
    )
    with pytest.raises(SettingError, match="2 clips begin with 'ab'"):
        explain("ab", first)
    with pytest.raises(SettingError, match=r"did you mean 'good\.mp4'"):
        explain("god.mp4", first)
