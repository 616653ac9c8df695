"""Rulers for sounding clips: an iterator of clips in, scores with intervals and chance levels out.

>>> from phonofilm.metrics import names
>>> "event-sync" in names()
True
"""

from phonofilm.metrics._compare import Difference, caveats, compare
from phonofilm.metrics._find import find, kind, names
from phonofilm.metrics._given import Given, Opened, Published
from phonofilm.metrics._kinds.agreement import Agreement, Two
from phonofilm.metrics._kinds.paired import Paired
from phonofilm.metrics._kinds.per_clip import PerClip
from phonofilm.metrics._kinds.set_distance import FrechetDistance, KernelDistance, PooledDistance
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
    "Agreement",
    "Arrays",
    "Better",
    "Detection",
    "Difference",
    "FrechetDistance",
    "Given",
    "KernelDistance",
    "Metric",
    "OURS",
    "Opened",
    "Paired",
    "PerClip",
    "PooledDistance",
    "Published",
    "Reading",
    "Report",
    "Score",
    "Source",
    "Subject",
    "Two",
    "caveats",
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
