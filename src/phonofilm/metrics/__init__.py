"""Rulers for sounding clips: an iterator of clips in, scores with intervals and chance levels out.

>>> from phonofilm.metrics import names
>>> "event-sync" in names()
True
"""

from phonofilm.metrics._detect import Detection, events, hear, see, times
from phonofilm.metrics._find import find, names
from phonofilm.metrics._frechet import frechet
from phonofilm.metrics._match import offsets
from phonofilm.metrics._resample import derangements
from phonofilm.metrics._run import Report, score, score_folder
from phonofilm.metrics._score import About, Better, Metric, Score
from phonofilm.metrics._store import fingerprint
from phonofilm.metrics._subject import Arrays, Reading, Subject

__all__ = [
    "About",
    "Arrays",
    "Better",
    "Detection",
    "Metric",
    "Reading",
    "Report",
    "Score",
    "Subject",
    "derangements",
    "events",
    "find",
    "fingerprint",
    "frechet",
    "hear",
    "names",
    "offsets",
    "score",
    "score_folder",
    "see",
    "times",
]
