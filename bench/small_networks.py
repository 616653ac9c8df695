"""Distances of two small pretrained networks, YAMNet and MobileNetV2, of clips of which it is known how bad they are.

    python bench/small_networks.py --weights-folder FOLDER [--clips 256] [--write docs/results.md]

The folder holds ``yamnet_spectra_in.tflite`` and ``mobilenet_v2_1.0_224_quant.tflite``. True Clapperboard clips of 2 s
(64 x 64, 8 frames a second, 16 kHz) of one half of the scenes, as they are and made worse, are measured against true
clips of the other half: ``fd-yamnet``, ``kad-yamnet``, ``fd-mbv2``. ``is-yamnet`` looks at them alone, and
``kl-yamnet`` compares each with the true clip of its own scene. Scores carry the intervals that scoring gives them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import _results

from phonofilm.benchmarks.rulers.takes import SceneTake
from phonofilm.benchmarks.rulers.variants import TRUE, Picture, Sound, Variant
from phonofilm.data.clapperboard import HELD_OUT, sample_scene
from phonofilm.metrics import Given, Metric, Score, Subject, find
from phonofilm.shapes import ClipShape

FILES = {"yamnet": "yamnet_spectra_in.tflite", "mbv2": "mobilenet_v2_1.0_224_quant.tflite"}
SHAPE = ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000)
SOUNDS = (
    Variant(TRUE, "true"),
    Variant("noise 20 dB", "noise 20 dB below the sound", sound=Sound(snr_db=20)),
    Variant("noise 0 dB", "noise as loud as the sound", sound=Sound(snr_db=0)),
    Variant("dropped", "half of the events silent", sound=Sound(dropped=0.5)),
    Variant("material", "sounds of another material", sound=Sound(material=True)),
    Variant("swapped", "sounds of another scene", sound=Sound(swapped=True)),
)
PICTURES = (
    Variant(TRUE, "true"),
    Variant("noise", "noise, a tenth of white", Picture(noise=0.1)),
    Variant("blur", "blurred by a twentieth of the side", Picture(blur=0.05)),
)
OF_SOUND, OF_PICTURE = ("fd-yamnet", "kad-yamnet", "is-yamnet", "kl-yamnet"), ("fd-mbv2",)
PAIRED = "kl-yamnet"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights-folder", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=256, help="on either side")
    _results.add_write(parser)
    asked = parser.parse_args()
    given = Given(weights={name: str(asked.weights_folder / file) for name, file in FILES.items()})
    result = {"clips": asked.clips, "true clips they are compared with": asked.clips}
    result |= measured([find(name, given) for name in OF_SOUND], SOUNDS, asked.clips)
    result |= measured([find(name, given) for name in OF_PICTURE], PICTURES, asked.clips)
    note = (
        "True Clapperboard clips, as they are and made worse, against those of other scenes (kl-yamnet: of the same "
        "scenes). Values compare with each other alone: the networks are small and in 8 bits. In brackets 95 % "
        "intervals, of which the bias of few clips is no part; is-yamnet is of ten splits. Half against half: the even "
        "true clips against the odd ones, which is worse than as many clips as above would be. Wrong pairs: with true "
        "clips of other scenes."
    )
    _results.publish("small-networks", "Distances of small pretrained networks", note, result, asked.write)


def measured(metrics: Sequence[Metric[Any]], variants: Sequence[Variant], count: int) -> dict[str, Any]:
    """Every score of every variant, by score and variant."""
    scenes = [sample_scene(HELD_OUT + i, seconds=SHAPE.seconds) for i in range(2 * count)]
    takes = [SceneTake(one, other, SHAPE) for one, other in zip(scenes, scenes[1:] + scenes[:1], strict=True)]
    other = records(metrics, takes[count:], variants[0])
    found: dict[str, Any] = {}
    own: list[list[Any]] = []
    for variant in variants:
        now = records(metrics, takes[:count], variant)
        own = own or now  # the first are true
        for place, metric in enumerate(metrics):
            true = own if metric.name == PAIRED else other
            for score in metric.scores(now[place], true[place], 0):
                found.setdefault(score.name, {}).update(shown(score, variant, first=variant is variants[0]))
    return found


def shown(score: Score, variant: Variant, *, first: bool) -> dict[str, Any]:
    """A row of the table, and with the true clips what there is to compare it with."""
    rows: dict[str, Any] = {}
    if score.value is not None:
        rows[variant.words] = {"value": score.value, "interval": score.interval}
    if first and score.ceiling is not None:
        rows["half of the true clips against the other half"] = score.ceiling
    if first and score.chance is not None:
        rows["wrong pairs"] = score.chance
    return rows


def records(metrics: Sequence[Metric[Any]], takes: Iterable[SceneTake], variant: Variant) -> list[list[Any]]:
    """What each metric keeps of the clips, which are drawn and forgotten one by one."""
    kept: list[list[Any]] = [[] for _ in metrics]
    for take in takes:
        subject = Subject(take.name, SceneTake(take.scene, take.other, take.shape).clip(variant))
        for metric, rows in zip(metrics, kept, strict=True):
            rows.append(metric.measure(subject))
    return kept


if __name__ == "__main__":
    main()
