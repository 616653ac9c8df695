"""Silent and frozen films are named once for a run, and what a score finds nothing to count in beside it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.media.write import write
from phonofilm.metrics import Subject, find, score
from phonofilm.metrics._lifeless import frozen, silent
from phonofilm.plots.remarks import remarks
from phonofilm.testing.metric import true_clips

SOUND = np.full((1, 32_000), 0.1, np.float32)


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (16, 64, 64, 3), np.uint8)


def film(name, frames, audio):
    return Subject(name, Clip(frames, audio, Fraction(8), 16_000))


def test_a_still_is_frozen_through_a_lossy_codec(tmp_path):
    whole = true_clips(1)[0].clip
    still = replace(whole, frames=np.repeat(whole.frames[5:6], 16, 0))
    seen = [read(write(one, tmp_path / f"{place}.mp4")).frames for place, one in enumerate((whole, still))]
    assert [frozen(frames) for frames in seen] == [False, True]


def test_a_small_thing_that_moves_is_not_frozen():
    frames = np.zeros((16, 64, 64, 3), np.uint8)
    frames[-1, 30:33, 30:33] = 255
    assert not frozen(frames) and frozen(frames[:-1])
    assert not frozen(frames[:1]) and not frozen(None)


def test_only_digital_silence_is_silent():
    assert silent(None) and silent(np.zeros((2, 100), np.float32)) and silent(np.zeros((2, 0), np.float32))
    assert not silent(np.array([[0, 0, 1e-6]], np.float32))


def test_silent_and_frozen_films_are_named():
    moving, black = noise(), np.zeros((16, 64, 64, 3), np.uint8)
    clips = [film("good.mp4", moving, SOUND), film("black.mp4", black, 0 * SOUND)]
    clips += [film(f"mute{i}.mp4", moving, 0 * SOUND) for i in range(3)]
    metrics = [find("temporal-flicker"), find("silence")]
    still, mute = score(clips, metrics).notes
    assert still.startswith("1 frozen film (black.mp4): most scores count such films as they are")
    assert mute.startswith("4 silent films (black.mp4, mute0.mp4, mute1.mp4 and 1 more): most scores")
    assert [note[:8] for note in score(clips, metrics[:1]).notes] == ["1 frozen"], "of what no metric hears"
    assert [note[:8] for note in score(clips, metrics[1:]).notes] == ["4 silent"]
    assert score(clips[:1], metrics).notes == ()
    assert len(score(clips[:1], metrics, reference=clips).notes) == 2
    assert [note[:8] for note in score(clips, metrics[:1], reference=clips).notes] == ["1 frozen"], "named once"


@pytest.fixture(scope="module")
def report():
    dead = film("black.mp4", np.zeros((16, 64, 64, 3), np.uint8), 0 * SOUND)
    return score([*true_clips(1), true_clips(3)[2], dead], [find("event-sync"), find("sync-error")])


def test_films_without_what_a_score_counts_stand_beside_it(report):
    said = [line for line in remarks(report.to_json()) if "nothing to count" in line]
    for line in said:
        assert line.endswith(": nothing to count in 1 film, such as black.mp4")
    named = {name for line in said for name in line.partition(":")[0].split(", ")}
    short = {one.name for one in report.scores if one.n < len(report.names(one))}
    assert named == short and "event-f1-frame" in named
    assert "sync-error@4 does not count 1 film, such as black.mp4: in it nothing is heard or seen to happen" in remarks(
        report.to_json()
    )
