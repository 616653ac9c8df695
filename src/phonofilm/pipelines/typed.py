"""Arguments of the wrong kind, refused where they are handed in and not deep inside torch."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from phonofilm.errors import SettingError

P = ParamSpec("P")
R = TypeVar("R")
STRICT = ConfigDict(strict=True, revalidate_instances="always")


def typed(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose arguments must be what its annotations say: no text for a number, nothing out of bounds.

    Raises:
        SettingError: from every call, for the first argument that is not.
    """
    signature = inspect.signature(function)
    checked = validate_call(config=STRICT)(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        signature.bind(*args, **kwargs)  # Python's own error for arguments that are missing or unknown
        try:
            return checked(*args, **kwargs)
        except ValidationError as error:
            raise SettingError(_sentence(error, list(signature.parameters))) from error

    return call


def _sentence(error: ValidationError, names: list[str]) -> str:
    """Which argument is wrong, and all that it may be."""
    faults = error.errors()
    place = faults[0]["loc"][0]
    of_it = [fault for fault in faults if fault["loc"][0] == place]
    may_be = " or ".join(dict.fromkeys(fault["msg"].removeprefix("Input should be ") for fault in of_it))
    return f"{names[place] if isinstance(place, int) else place} is {of_it[0]['input']!r}: it should be {may_be}"
