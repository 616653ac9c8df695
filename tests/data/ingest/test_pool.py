"""Jobs that hang, die, eat memory or fail, each of which must cost itself only."""

from __future__ import annotations

import os
import sys
import time

import pytest

from phonofilm.data.ingest.engine import Engine
from phonofilm.data.ingest.pool import Limits, Pool
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.errors import MediaError, UnsupportedMediaError


def job(settings: int, kind: str) -> int:
    if kind == "hangs":
        time.sleep(1000)
    if kind == "dies":
        os._exit(5)
    if kind == "eats":
        return len(bytearray(2**31))
    if kind == "damaged":
        raise MediaError("the film is damaged")
    if kind == "unknown codec":
        raise UnsupportedMediaError("a codec")
    return settings + 1


def outcomes(engine: Engine, limits: Limits) -> dict[str, Reason | int]:
    found = engine(job, 41, {kind: kind for kind in EXPECTED}, limits)
    return {name: result.reason if isinstance(result, Failure) else result for name, result in found}


NARROW = Limits(seconds=8, memory=2**30)
EXPECTED = {
    "good": 42,
    "hangs": Reason.TIMEOUT,
    "dies": Reason.CRASH,
    "eats": Reason.MEMORY,
    "damaged": Reason.DAMAGED,
    "unknown codec": Reason.UNSUPPORTED,
    "also good": 42,
    "fine": 42,
}
"""What each kind of job gives on any engine within those limits."""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_bad_film_costs_itself_only() -> None:
    assert outcomes(Pool(2), NARROW) == EXPECTED


def broken(settings: int, kind: str) -> int:
    raise ZeroDivisionError


def test_a_mistake_of_ours_is_no_bad_film() -> None:
    with pytest.raises(ZeroDivisionError):
        list(Pool(1)(broken, 0, {"a": "a"}, Limits()))


def test_no_work_starts_no_process() -> None:
    assert list(Pool(2)(broken, 0, {}, Limits())) == []
