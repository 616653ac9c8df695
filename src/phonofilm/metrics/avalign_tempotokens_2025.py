"""AV-Align as TempoTokens (arXiv 2309.16429) gives it out since February 2025.

Two things differ from :mod:`phonofilm.metrics.avalign_tempotokens_2023`: peaks of the picture count only where it moves
by at least 0.1 pixels on average, and each matches one sound at most: sounds in order of time take the earliest picture
peak that is strictly within one frame of them and still free. So a clip never scores more than 1. The public code says
that both have "always been the case"; its version of October 2023, and the copies that others made of it, have neither.

MOVA's form is this one with the sound at 44,100 Hz, which halves the grid of its onsets. It has no name here.

The formula is that of ``av_align.py`` in github.com/guyyariv/TempoTokens at commit bf0b1e3.
"""

from __future__ import annotations

from phonofilm.metrics._features.peaks import RESAMPLER, Peaks, peaks
from phonofilm.metrics._kinds.agreement import Agreement, Two
from phonofilm.metrics._score import About, Source
from phonofilm.metrics._subject import Subject

STILL = 0.1
"""Mean flow in pixels below which a picture does not move."""


class AvAlignTempoTokens2025(Agreement[Peaks, Peaks]):
    """See the module."""

    name = "avalign-tempotokens-2025"
    version = 1
    source = Source("arXiv 2309.16429", "github.com/guyyariv/TempoTokens at bf0b1e3", "MIT: formula only")
    about = About(resampler=RESAMPLER)

    def measure(self, subject: Subject) -> Two[Peaks, Peaks]:
        """The peaks of one clip, whose picture and whose sound count.

        Raises:
            MediaError: if picture or sound is missing, or there is only one frame.
        """
        found = peaks(subject, STILL)
        return Two(found, found)

    def agree(self, one: Peaks, other: Peaks) -> float:
        """The score of the picture of one clip with the sound of another, made as long, or the same."""
        sounds = one.with_sound_of(other).sound
        free, window, matched = list(one.picture), one.window, 0
        for sound in sounds:
            near = next((time for time in free if time - window < sound < time + window), None)
            if near is not None:
                free.remove(near)
                matched += 1
        union = len(sounds) + len(one.picture) - matched
        return matched / union if union else 0.0


metric = AvAlignTempoTokens2025
