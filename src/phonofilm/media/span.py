"""The exact place of a clip in a film."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Pictures by their times, sound by its samples; whole numbers only, so nothing is ever rounded twice.

    Attributes:
        first_pts: time of the first picture, in ticks of the stream's time base.
        end_pts: when the last picture is no longer shown, in ticks.
        frames: number of pictures; 0 without them.
        first_sample: index of the first sample, counted from the film's origin at its own rate
            (:class:`phonofilm.media.probe.MediaInfo`).
        samples: number of samples; 0 without sound.
    """

    first_pts: int
    end_pts: int
    frames: int
    first_sample: int
    samples: int
