"""Rulers for sounding clips: an iterator of clips in, scores with intervals and chance levels out.

>>> from phonofilm.metrics import names
>>> "event-sync" in names()
True
"""

from phonofilm.metrics._detect import Detection, detect, hear, see, times
from phonofilm.metrics._find import find, names
from phonofilm.metrics._frechet import frechet
from phonofilm.metrics._match import offsets
from phonofilm.metrics._run import Report, score, score_folder
from phonofilm.metrics._score import Better, Metric, Score, Subject

__all__ = [
    "Better",
    "Detection",
    "Metric",
    "Report",
    "Score",
    "Subject",
    "detect",
    "find",
    "frechet",
    "hear",
    "names",
    "offsets",
    "score",
    "score_folder",
    "see",
    "times",
]
