"""The ruler on the ruler's test bench: event detectors against true events, known offsets, wrong pairs.

    python bench/ruler.py [--clips 512] [--fps 8 12 24] [--codec FOLDER] [--write docs/results.md]
    python bench/ruler.py --flash-free [--clips 128] [--fps 8 12 24] [--write docs/results.md]

Held-out true Clapperboard clips. Per frame rate: precision, recall, median error and 90th percentile of its size of
eye and ear against the truth (only what can be seen or heard counts), with 95 % bootstrap intervals; the same of
librosa's onset detection beside the ear; the sync scores of true pairs, of one fixed set of wrong pairs, and the
chance level that was printed for the true ones. At the first frame rate: the reported median offset when all sound
is shifted by known times; AV-Align; how often the classifiers find the true material. ``--codec`` repeats the
detectors on clips that went through a codec.

``--flash-free`` measures something else, in a section of its own: what the eye finds in the same clips drawn with and
without the flashes and glows that mark every event in sight. It tells how far the eye goes by light alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import _results
import cv2
import numpy as np
import torch

from phonofilm.codecs import Codec, load
from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.media.clip import Clip
from phonofilm.metrics import Score, Subject, events, find, hear, score, times
from phonofilm.metrics._features.peaks import sound_peaks
from phonofilm.metrics.event_detectors import EAR_TOLERANCE, EventDetectors, Found, compare
from phonofilm.metrics.event_sync import EventSync, Timing
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape

SECONDS, SIDE, SAMPLE_RATE = Fraction(2), 64, 16_000
SHIFTS_MS = (-400, -300, -200, -100, -50, 50, 100, 200, 300, 400)
PERFECT = EventDetectors()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=512)
    parser.add_argument("--first-seed", type=int, default=HELD_OUT)
    parser.add_argument("--fps", type=Fraction, nargs="+", default=[Fraction(8), Fraction(12), Fraction(24)])
    parser.add_argument("--codec", type=Path, help="codec folder; the detectors are measured through it too")
    parser.add_argument("--flash-free", action="store_true", help="only the eye, with and without flashes")
    _results.add_write(parser)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if given.flash_free:
        publish_flash_free(given)
    else:
        publish_rulers(given)


def publish_rulers(given: argparse.Namespace) -> None:
    """The section of the whole ruler."""
    seeds = range(given.first_seed, given.first_seed + given.clips)
    result: dict[str, Any] = {"clips": given.clips, "first_seed": given.first_seed}
    for place, fps in enumerate(given.fps):
        subjects = [true_clip(seed, fps) for seed in seeds]
        result[f"{float(fps):g} fps"] = rulers(subjects) | (extras(subjects) if place == 0 else {})
    if given.codec is not None:
        result["through the codec, 8 fps"] = rulers(
            coded([true_clip(seed, Fraction(8)) for seed in seeds], load(given.codec))
        )
    note = "Held-out true Clapperboard clips of 2 s; times in ms; in brackets 95 % bootstrap intervals over clips."
    _results.publish("ruler", "The ruler measured", note, result, given.write)


def publish_flash_free(given: argparse.Namespace) -> None:
    """The section of the eye in clips whose events nothing but motion tells of."""
    seeds = range(given.first_seed, given.first_seed + given.clips)
    result: dict[str, Any] = {"clips": given.clips, "first_seed": given.first_seed}
    for fps in given.fps:
        for flashes, words in ((True, "with flashes"), (False, "without flashes")):
            result[f"{float(fps):g} fps, {words}"] = sights([true_clip(seed, fps, flashes=flashes) for seed in seeds])
    note = (
        "What the eye finds in the same held-out clips of 2 s, drawn with the flashes and glows that mark every event "
        "in sight and without them, sound alike; times in ms; in brackets 95 % bootstrap intervals over clips."
    )
    _results.publish("ruler-flash-free", "The eye without flashes", note, result, given.write)


def true_clip(seed: int, fps: Fraction, *, flashes: bool = True) -> Subject:
    """A held-out scene with what is known of it."""
    scene = sample_scene(seed, seconds=SECONDS)
    clip = render(scene, ClipShape(SECONDS, fps, SIDE, SIDE, SAMPLE_RATE), flashes=flashes)
    return Subject(str(seed), clip, scene.caption, scene.events)


def coded(subjects: Sequence[Subject], codec: Codec) -> list[Subject]:
    """The same clips through a codec and back."""
    return [one.showing(codec.decode(codec.encode([one.clip]), one.clip.shape)[0]) for one in subjects]


def rulers(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Detectors against truth, and sync scores of true pairs, wrong pairs and chance."""
    found = score(subjects, [EventDetectors(), EventSync()])
    sync = [one for one in found.scores if one.name.startswith("event")]
    timings = [EventSync().measure(one) for one in subjects]
    wrong = {one.name: one for one in EventSync().scores(mispaired(timings), None, 1)}
    return {
        "detectors": {one.name: plain(one) for one in found.scores if one not in sync},
        "librosa onsets": onsets(subjects),
        "sync": {one.name: plain(one) for one in sync},
        "sync of wrong pairs": {one.name: plain(wrong[one.name]) for one in sync},
        "chance printed": {one.name: one.chance for one in sync},
    }


def sights(subjects: Sequence[Subject]) -> dict[str, Any]:
    """The eye against truth, and the event F1 that follows from it, beside chance."""
    found = score(subjects, [EventDetectors(), EventSync()])
    f1 = found["event-f1-125ms"]
    eye = {one.name: plain(one) for one in found.scores if one.name.startswith("eye")}
    return {**eye, f1.name: plain(f1), f"{f1.name} by chance": f1.chance}


def mispaired(timings: Sequence[Timing]) -> list[Timing]:
    """Each picture with the sound of the next clip."""
    return [replace(a, heard=b.heard) for a, b in zip(timings, [*timings[1:], timings[0]], strict=True)]


def onsets(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Onsets by librosa against the truth, as the ear is measured."""

    def one(subject: Subject) -> AV[Found]:
        true = np.array([float(event.time) for event in subject.truth or () if event.audible])
        found = compare(sound_peaks(subject.clip.audio, subject.clip.sample_rate), true, EAR_TOLERANCE)
        return AV(found, found)

    scores = PERFECT.scores([one(subject) for subject in subjects], None, 0)
    return {score.name.removeprefix("ear-"): plain(score) for score in scores if score.name.startswith("ear")}


def extras(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Known shifts, AV-Align and materials."""
    others = score(subjects, [find("avalign-svg"), find("material-match")])
    return {
        "median offset for a shift of the sound in ms": {
            f"{shift:+d}": shifted(subjects, shift) for shift in SHIFTS_MS
        },
        "other scores": {one.name: plain(one) for one in others.scores},
        "chance of the others": {one.name: one.chance for one in others.scores},
    }


def shifted(subjects: Sequence[Subject], milliseconds: int) -> dict[str, Any]:
    """The reported median offset of clips whose sound is moved, silence taking its place."""
    samples = SAMPLE_RATE * milliseconds // 1000
    timings = [
        Timing(events(one).video, times(hear(moved(one.clip, samples))), float(1 / one.clip.fps)) for one in subjects
    ]
    found = {one.name: one for one in EventSync().scores(timings, None, 0)}
    return plain(found["event-offset-median"])


def moved(clip: Clip, samples: int) -> Clip:
    """The sound later by ``samples`` (earlier if negative), as long as it was."""
    sound = np.zeros_like(clip.audio)
    length = sound.shape[1]
    to, start = max(samples, 0), max(-samples, 0)
    sound[:, to : length - start] = clip.audio[:, start : length - to]
    return replace(clip, audio=sound)


def plain(one: Score) -> dict[str, Any]:
    """A score as a value with its interval."""
    return {"value": one.value, "interval": one.interval, "n": one.n}


if __name__ == "__main__":
    main()
