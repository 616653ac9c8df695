"""Rulers for sounding clips: an iterator of clips in, scores with intervals and chance levels out.

>>> from phonofilm.metrics import names
>>> "event-sync" in names()
True
"""

from phonofilm.metrics._compare import Difference, compare
from phonofilm.metrics._find import find, kind, names
from phonofilm.metrics._given import Given, Opened, Published
from phonofilm.metrics._maths.frechet import frechet
from phonofilm.metrics._maths.match import offsets
from phonofilm.metrics._maths.resample import derangements
from phonofilm.metrics._report import Report
from phonofilm.metrics._ruler.detect import Detection, events, hear, see, times
from phonofilm.metrics._ruler.store import fingerprint
from phonofilm.metrics._run import score, score_folder
from phonofilm.metrics._score import OURS, About, Better, Metric, Score, Source
from phonofilm.metrics._subject import Arrays, Reading, Subject

__all__ = [
    "About",
    "Arrays",
    "Better",
    "Detection",
    "Difference",
    "Given",
    "Metric",
    "OURS",
    "Opened",
    "Published",
    "Reading",
    "Report",
    "Score",
    "Source",
    "Subject",
    "compare",
    "derangements",
    "events",
    "find",
    "fingerprint",
    "frechet",
    "hear",
    "kind",
    "names",
    "offsets",
    "score",
    "score_folder",
    "see",
    "times",
]
