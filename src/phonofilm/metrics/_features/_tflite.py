"""Networks in TensorFlow Lite's format: 8-bit ones that are small enough to run anywhere, on one thread."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phonofilm.errors import SettingError, WeightsError

EXTRA = (
    "networks in TensorFlow Lite's format need ai-edge-litert, which is not installed: pip install 'phonofilm[tflite]'"
)


@dataclass(frozen=True)
class Inside:
    """A tensor of a network that is read after each run.

    Attributes:
        index: in the file.
        size: of a run's values, without axes of length 1.
    """

    index: int
    size: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """What is known of a file.

    Attributes:
        shape, kind: of the input, with a leading 1.
        inside: the tensors wanted, by name.
    """

    shape: tuple[int, ...]
    kind: type[np.generic]
    inside: dict[str, Inside]


class TfliteNetwork:
    """A network that gives tensors from its inside as real numbers.

    8-bit values depend a little, by a few of their steps, on the arithmetic that the runtime has for a processor.

    Args:
        path: the file.
        layout: what it must be like.

    Raises:
        SettingError: without the runtime.
        WeightsError: if the file is no such network.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise SettingError(EXTRA) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that the inside takes memory: it is a few MB here
            try:
                self._run = Interpreter(str(path), num_threads=1, experimental_preserve_all_tensors=True)
            except ValueError as error:
                raise WeightsError(f"{path} is no TensorFlow Lite file ({error}): get it anew") from error
        self._run.allocate_tensors()
        self._layout = layout
        self._check(path)

    def __call__(self, inputs: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
        """The tensors wanted, float32 ``(input, *size)``, of inputs without the leading 1."""
        rows: dict[str, list[np.ndarray]] = {name: [] for name in self._layout.inside}
        for one in inputs:
            self._run.set_tensor(self._entrance, one[None])
            self._run.invoke()
            for name, inside in self._layout.inside.items():
                rows[name].append(self._real(inside))
        return {name: np.stack(found) for name, found in rows.items()}

    def _real(self, inside: Inside) -> np.ndarray:
        scale, zero = self._scales[inside.index]
        whole = self._run.get_tensor(inside.index).astype(np.float32).reshape(inside.size)
        return (whole - np.float32(zero)) * np.float32(scale)

    def _check(self, path: Path) -> None:
        entrance = self._run.get_input_details()[0]
        self._entrance: int = entrance["index"]
        details = {one["index"]: one for one in self._run.get_tensor_details()}
        self._scales = {index: one["quantization"] for index, one in details.items()}
        whole = tuple(entrance["shape"]) == self._layout.shape and entrance["dtype"] is self._layout.kind
        inside = self._layout.inside.values()
        if not whole or any(_size(details.get(one.index)) != one.size for one in inside):
            raise WeightsError(f"{path} is another network than the one that was expected: get it anew")


def _size(detail: dict[str, np.ndarray] | None) -> tuple[int, ...]:
    return () if detail is None else tuple(int(length) for length in detail["shape"] if length > 1)
