"""Rows as Parquet tables and JSON lines; every value comes back as it was.

The columns follow from the row's class. A :class:`~fractions.Fraction` is a struct of two integers, ``num`` and
``den``, so that no reader has to parse or round it; records are structs, tuples are lists, enums are their values.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from phonofilm.media.atomic import appearing

RowT = TypeVar("RowT", bound=BaseModel)
GROUP = 8192
"""Rows that are in memory at a time, and in a row group of the file."""
RATIO = pa.struct([("num", pa.int64()), ("den", pa.int64())])
PLAIN = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string(), Fraction: RATIO}


def schema(*kinds: type[BaseModel]) -> pa.Schema:
    """The columns of rows of a class, or of rows of several classes side by side.

    Raises:
        TypeError: if a field is of a type that has no column here.
    """
    return pa.schema([pa.field(name, _column(kind)) for row in kinds for name, kind in _fields(row).items()])


def record(*rows: BaseModel) -> dict[str, Any]:
    """Rows side by side as one record of their table."""
    return {name: _plain(getattr(row, name)) for row in rows for name in type(row).model_fields}


def write_table(path: Path, columns: pa.Schema, records: Iterable[Mapping[str, Any]], *, force: bool = False) -> int:
    """Write a Parquet file, which appears whole or not at all; memory does not grow with the rows.

    Args:
        path: of the file.
        columns: from :func:`schema`.
        records: from :func:`record`.
        force: replace a file that is there.

    Returns:
        The number of rows.

    Raises:
        MediaError: if it cannot be written.
    """
    remaining, count = iter(records), 0
    with appearing(path, force=force) as file, pq.ParquetWriter(file, columns, compression="zstd") as writer:
        while chunk := list(islice(remaining, GROUP)):
            writer.write_batch(pa.RecordBatch.from_pylist(chunk, columns))
            count += len(chunk)
    return count


def rows_of(table: pa.Table, row: type[RowT]) -> list[RowT]:
    """The rows of a table; columns that the class does not have are left aside."""
    kinds = _fields(row)
    return [
        row(**{name: _value(kinds[name], value) for name, value in found.items()})
        for found in table.select(list(kinds)).to_pylist()
    ]


def lines(table: str | Path | BinaryIO) -> Iterator[str]:
    """A Parquet file as JSON lines, for whoever has no reader of Parquet."""
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(GROUP):
            yield from (json.dumps(found, ensure_ascii=False) for found in batch.to_pylist())


def export_lines(table: Path, target: Path, *, force: bool = False) -> None:
    """Write a Parquet file's rows to a file of JSON lines.

    Raises:
        MediaError: if it cannot be written.
    """
    with appearing(target, force=force) as file:
        file.writelines(line.encode() + b"\n" for line in lines(table))


def _fields(kind: Any) -> dict[str, Any]:
    """Names and types of a record's fields."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {field.name: hints[field.name] for field in fields(kind)}
    return {name: field.annotation for name, field in kind.model_fields.items()}


def _is_record(kind: Any) -> bool:
    return is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))


def _bare(kind: Any) -> Any:
    """The type without bounds and without ``| None``: every column may hold nulls."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return _bare(kinds[0]) if len(kinds) == 1 else kind
    return kind


def _column(kind: Any) -> pa.DataType:
    kind = _bare(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if _is_record(kind):
        return pa.struct([(name, _column(field)) for name, field in _fields(kind).items()])
    if get_origin(kind) in (tuple, list):
        return pa.list_(_column(get_args(kind)[0]))
    if get_origin(kind) is dict:
        return pa.map_(*map(_column, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return pa.string()
    raise TypeError(f"{kind} has no column: write it as numbers, strings, records or lists")


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"num": value.numerator, "den": value.denominator}
    if isinstance(value, Enum):
        return value.value
    if _is_record(type(value)):
        return {name: _plain(getattr(value, name)) for name in _fields(type(value))}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return [(key, _plain(one)) for key, one in value.items()]
    return value


def _value(kind: Any, value: Any) -> Any:
    """What was written as ``value``; the row's own validation does the rest."""
    kind = _bare(kind)
    if value is None:
        return None
    if kind is Fraction:
        return Fraction(value["num"], value["den"])
    if _is_record(kind):
        return kind(**{name: _value(field, value[name]) for name, field in _fields(kind).items()})
    if get_origin(kind) in (tuple, list):
        return [_value(get_args(kind)[0], one) for one in value]
    if get_origin(kind) is dict:
        return {key: _value(get_args(kind)[1], one) for key, one in value}
    return value
