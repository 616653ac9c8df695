"""AV-Align as first published (TempoTokens, arXiv 2309.16429), whose formula JavisBench and many others copied.

Peaks are those of :mod:`phonofilm.metrics._features.peaks`. With n the sound peaks that have a picture peak strictly
within one frame of them, A sound peaks and V picture peaks, a clip scores n / (A + V - n), and 0 without any peaks
(the public function divides by zero there). The score is the mean over clips.

**It can exceed 1**: several sounds around one movement all count as matched, and n exceeds V (three sounds around one
movement score 3). Its tolerance is a frame, so films of a lower rate score better. JavisBench's values differ all the
same: it reads sound at the file's own rate, so that onsets lie on another grid, where this takes 22,050 Hz as the first
publication did. That form has no name here.

The formula is that of ``av_align.py`` in github.com/guyyariv/TempoTokens at commit 34d9502 of October 2023 (which does
not run as it stands: it uses a length that it never sets; its copies set it).
"""

from __future__ import annotations

from phonofilm.metrics._features.peaks import RESAMPLER, Peaks, peaks
from phonofilm.metrics._kinds.agreement import Agreement, Two
from phonofilm.metrics._score import About, Source
from phonofilm.metrics._subject import Subject


class AvAlignTempoTokens2023(Agreement[Peaks, Peaks]):
    """See the module."""

    name = "avalign-tempotokens-2023"
    version = 1
    source = Source("arXiv 2309.16429", "github.com/guyyariv/TempoTokens at 34d9502", "MIT: formula only")
    about = About(resampler=RESAMPLER)

    def measure(self, subject: Subject) -> Two[Peaks, Peaks]:
        """The peaks of one clip, whose picture and whose sound count.

        Raises:
            MediaError: if picture or sound is missing, or there is only one frame.
        """
        found = peaks(subject)
        return Two(found, found)

    def agree(self, one: Peaks, other: Peaks) -> float:
        """The score of the picture of one clip with the sound of another, made as long, or the same."""
        picture, window = one.picture[None, :], one.window
        sound = one.with_sound_of(other).sound[:, None]
        matched = ((picture - window < sound) & (sound < picture + window)).any(axis=1).sum()
        union = len(sound) + len(one.picture) - int(matched)
        return int(matched) / union if union else 0.0


metric = AvAlignTempoTokens2023
