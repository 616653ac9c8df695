"""Takes shown to metrics: what is read of a picture holds for every sound that it gets, and the other way round."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from phonofilm.benchmarks.rulers.takes import Take
from phonofilm.benchmarks.rulers.variants import Variant
from phonofilm.media.atomic import make_folder, write_atomically
from phonofilm.media.digest import sha256
from phonofilm.metrics import Arrays, Reading, Subject
from phonofilm.pair import AV


@dataclass
class Kept:
    """All that was read of one take, in one file.

    Attributes:
        path: of the file.
        arrays: by place, see :meth:`place`.
        grown: something came in since it was written.
    """

    path: Path
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    grown: bool = False

    @classmethod
    def of(cls, take: Take, folder: Path) -> Kept:
        """What a former run kept; nothing if there is no such file, or it is damaged."""
        path = folder / f"{sha256(repr(take.describe()).encode())[:24]}.npz"
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(path, {name: file[name] for name in file.files})
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return cls(path)

    def get(self, place: str) -> Arrays | None:
        """What was read, if it is there."""
        names = self.arrays.get(place)
        return None if names is None else {str(name): self.arrays[f"{place}/{name}"] for name in names}

    def put(self, place: str, arrays: Arrays) -> None:
        """Keep what was read; :meth:`save` writes it."""
        self.arrays |= {f"{place}/{name}": np.asarray(value) for name, value in arrays.items()}
        self.arrays[place] = np.array(list(arrays), dtype=np.str_)
        self.grown = True

    def save(self) -> None:
        """Write the file, if anything came in.

        Raises:
            MediaError: if it cannot be written.
        """
        if self.grown:
            buffer = io.BytesIO()
            np.savez(buffer, **self.arrays)  # pyright: ignore[reportArgumentType]  # stubs mistake names for options
            make_folder(self.path.parent)
            write_atomically(self.path, buffer.getvalue(), force=True)
            self.grown = False


class Shown(Subject):
    """One variant of a take.

    Args:
        take: the clip.
        variant: what is done to it.
        kept: where readings are kept, of all its variants.
    """

    def __init__(self, take: Take, variant: Variant, kept: Kept) -> None:
        super().__init__(take.name, lambda: take.clip(variant), take.prompt)
        self._variant, self._kept_readings = variant, kept

    def read(self, reading: Reading) -> Arrays:
        """What a reading makes of the clip: of each picture, each sound or each pair of them once."""
        uses: AV[bool] = getattr(reading, "uses", AV(True, True))
        sides = AV(self._variant.picture, self._variant.sound).map(lambda side, used: repr(side) if used else "", uses)
        place = sha256(f"{reading.id} {sides.video} {sides.audio}".encode())[:24]
        found = self._kept_readings.get(place)
        if found is None:
            found = reading(self)
            self._kept_readings.put(place, found)
        return found
