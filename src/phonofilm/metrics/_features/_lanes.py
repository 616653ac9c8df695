"""Eight numbers that a compiled function computes with at once.

numba leaves it to the compiler to find loops whose turns can be computed together. Where it does not find them, a
function says so by these: ``load`` and ``store`` move eight neighbours of a row from and to memory, ``weave`` and
``unweave`` eight pixels of five channels each; ``+``, ``-``, ``*`` and ``/`` take two of them, or one and a number of
the same kind, and round as those of single numbers do. LLVM compiles them for processors of any vector length.

Rows are contiguous float32 or float64 arrays of one axis. Nothing checks that a place lies within them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import models, overload, register_model

COUNT = 8
CHANNELS = 5

intrinsic: Any = extending.intrinsic
"""What it decorates is called by compiled functions, without the first argument."""


class Lanes(types.Type):
    """The type of eight numbers of kind ``dtype``."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(f"Lanes({dtype})")


SINGLES, DOUBLES = Lanes(types.float32), Lanes(types.float64)
_ELEMENTS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, ir.VectorType(_ELEMENTS[lanes.dtype], COUNT))


@intrinsic
def load(_typing: Any, row: Any, place: Any) -> Any:
    """Eight numbers of a row from ``place`` on."""
    lanes = _lanes_of(row)

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return builder.load(_pointer(context, builder, row, values, COUNT), align=_bytes(row))

    return lanes(row, types.intp), code


@intrinsic
def store(_typing: Any, row: Any, place: Any, lanes: Any) -> Any:
    """Put eight numbers into a row from ``place`` on."""
    _lanes_of(row)

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        builder.store(values[2], _pointer(context, builder, row, values, COUNT), align=_bytes(row))
        return context.get_dummy_value()

    return types.none(row, types.intp, lanes), code


@intrinsic
def unweave(_typing: Any, row: Any, place: Any) -> Any:
    """Five channels of eight pixels that lie one after the other in a row from ``place`` on."""
    channels = types.UniTuple(_lanes_of(row), CHANNELS)

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        woven = builder.load(_pointer(context, builder, row, values, COUNT * CHANNELS), align=_bytes(row))
        split = [
            _shuffle(builder, woven, woven, range(channel, CHANNELS * COUNT, CHANNELS)) for channel in range(CHANNELS)
        ]
        return context.make_tuple(builder, channels, split)

    return channels(row, types.intp), code


@intrinsic
def weave(_typing: Any, row: Any, place: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
    """Put five channels of eight pixels into a row from ``place`` on, pixel after pixel."""
    _lanes_of(row)

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        one, two, three, four, five = values[2:]
        half, whole = range(2 * COUNT), range(4 * COUNT)
        first = _shuffle(builder, _shuffle(builder, one, two, half), _shuffle(builder, three, four, half), whole)
        last = _shuffle(builder, five, five, [place % COUNT for place in whole])
        pixels = [COUNT * channel + pixel for pixel in range(COUNT) for channel in range(CHANNELS)]
        woven = _shuffle(builder, first, last, pixels)
        builder.store(woven, _pointer(context, builder, row, values, COUNT * CHANNELS), align=_bytes(row))
        return context.get_dummy_value()

    return types.none(row, types.intp, a, b, c, d, e), code


@intrinsic
def double(_typing: Any, lanes: Any) -> Any:
    """Singles as doubles."""

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return builder.fpext(values[0], context.get_value_type(DOUBLES))

    return DOUBLES(SINGLES), code


@intrinsic
def single(_typing: Any, lanes: Any) -> Any:
    """Doubles rounded to singles."""

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        return builder.fptrunc(values[0], context.get_value_type(SINGLES))

    return SINGLES(DOUBLES), code


@intrinsic
def floor(_typing: Any, lanes: Any) -> Any:
    """Singles rounded down to whole numbers."""

    def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
        kind = context.get_value_type(SINGLES)
        rounded = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind]), f"llvm.floor.v{COUNT}f32"
        )
        return builder.call(rounded, values)

    return SINGLES(SINGLES), code


def _arithmetic(sign: Callable[[Any, Any], Any], instruction: str) -> None:
    """Let compiled functions write ``sign`` between lanes and lanes or a number."""

    @intrinsic
    def compute(_typing: Any, one: Any, other: Any) -> Any:
        lanes = one if isinstance(one, Lanes) else other

        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            sides = [
                value if isinstance(kind, Lanes) else _spread(builder, value, context.get_value_type(lanes))
                for kind, value in zip(signature.args, values, strict=True)
            ]
            return getattr(builder, instruction)(*sides)

        return lanes(*(kind if isinstance(kind, Lanes) else lanes.dtype for kind in (one, other))), code

    @overload(sign)
    def write(one, other):  # noqa: ANN001, ANN202  # numba wants the lambda's signature
        if isinstance(one, Lanes) or isinstance(other, Lanes):
            return lambda one, other: compute(one, other)
        return None


for _sign, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_sign, _instruction)


def _lanes_of(row: Any) -> Lanes:
    if not isinstance(row, types.Array) or row.ndim != 1 or row.layout != "C" or row.dtype not in _ELEMENTS:
        raise TypingError(f"lanes are those of contiguous rows of floats, not of {row}")
    return Lanes(row.dtype)


def _bytes(row: Any) -> int:
    return row.dtype.bitwidth // 8


def _pointer(context: Any, builder: Any, row: Any, values: Any, count: int) -> Any:
    """Of ``count`` numbers; ``values`` are the row and the place."""
    first = builder.gep(context.make_array(row)(context, builder, values[0]).data, [values[1]])
    return builder.bitcast(first, ir.VectorType(_ELEMENTS[row.dtype], count).as_pointer())


def _shuffle(builder: Any, one: Any, other: Any, places: Any) -> Any:
    """Those of the numbers of two vectors, one after the other, that lie at ``places``."""
    places = list(places)
    return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


def _spread(builder: Any, value: Any, kind: Any) -> Any:
    """One number eight times."""
    alone = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.IntType(32)(0))
    return _shuffle(builder, alone, alone, [0] * COUNT)
