"""Plain values, as of a YAML file or a command line, as settings; and what is wrong with them, in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from phonofilm.errors import SettingError, unknown_name

ModelT = TypeVar("ModelT", bound=BaseModel)
Place = tuple[Any, ...]
"""Names and numbers that lead to a value."""
UNKNOWN = "extra_forbidden"
WORDS = {
    "missing": "is missing",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must have as its {discriminator} one of {expected_tags}",
    "union_tag_not_found": "lacks {discriminator}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must not be empty",
    "too_short": "must have at least {min_length} entries",
    "value_error": "{error}",
}
"""What pydantic's types of errors mean; names in braces are those that it gives."""
KINDS = {
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "fraction": "must be a number",
    "bool": "must be true or false",
    "string": "must be a text",
    "tuple": "must be a list",
    "list": "must be a list",
    "dict": "must be settings, each as name: value",
    "model": "must be settings, each as name: value",
}
"""The same by the beginnings of the other types."""
SHOWN = 60
"""Letters of a value that is shown; longer ones, and those of several parts, are not."""


def checked(model: type[ModelT], values: Any, where: str) -> ModelT:
    """Plain values as a record.

    Args:
        model: of the record.
        values: for example of a YAML file.
        where: they come from, for the error.

    Raises:
        SettingError: for unknown keys (the nearest ones are offered) and for values missing or out of range, all in
            one sentence.
    """
    try:
        return model.model_validate(values)
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from error
    except ValidationError as error:
        raise SettingError(f"{where}: {'; '.join(_said(model, error))}") from error


def _said(model: type[BaseModel], error: ValidationError) -> list[str]:
    """What is wrong, unknown keys first; one that is missing since it is misspelt is not told twice."""
    found = error.errors()
    unknown = [_unknown(model, one["loc"]) for one in found if one["type"] == UNKNOWN]
    meant = {_meant(model, one["loc"]) for one in found if one["type"] == UNKNOWN}
    rest = (one for one in found if one["type"] != UNKNOWN and not (one["type"] == "missing" and one["loc"] in meant))
    return [*unknown, *(_in_words(one) for one in rest)]


def _unknown(model: type[BaseModel], place: Place) -> str:
    *above, last = place
    inside = f"in {'.'.join(map(str, above))}: " if above else ""
    return f"{inside}{unknown_name('setting', str(last), _fields([model], above))}"


def _meant(model: type[BaseModel], place: Place) -> Place:
    """The place of the key that a misspelt one stands for, as far as its letters tell."""
    *above, last = place
    return (*above, *difflib.get_close_matches(str(last), _fields([model], above), n=1, cutoff=0.4))


def _in_words(one: Mapping[str, Any]) -> str:
    place, kind = ".".join(map(str, one["loc"])) or "the file", one["type"]
    words = WORDS.get(kind) or KINDS.get(kind.partition("_")[0]) or one["msg"]
    return f"{place} {words.format(**one.get('ctx', {}))}{'' if kind == 'missing' else _got(one['input'])}"


def _got(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        return ""
    shown = str(value) if isinstance(value, (Fraction, Decimal)) else repr(value)
    return f" (got {shown})" if len(shown) <= SHOWN else ""


def _fields(models: Sequence[type[BaseModel]], place: Iterable[str | int]) -> set[str]:
    """The names that records at a place of an error may have."""
    for part in place:
        annotations = [
            m.model_fields[part].annotation for m in models if isinstance(part, str) and part in m.model_fields
        ]
        tagged = [m for m in models if "kind" in m.model_fields and m.model_fields["kind"].default == part]
        models = [nested for one in annotations for nested in _models(one)] or tagged or models
    return {name for one in models for name in one.model_fields}


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The records in a type such as ``tuple[A | B, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
