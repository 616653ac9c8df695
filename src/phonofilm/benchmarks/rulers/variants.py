"""What is done to true clips, so that it is known how far picture and sound are apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

SHIFTS_MS = (0, 17, 33, 67, 100, 150, 200, 300, 400)
"""Of the sound, each of them late and early."""
FEW_SHIFTS_MS = (0, 100, 200)
USUAL_FPS = Fraction(24)
"""Of scenes; films come as they are."""
OTHER_FPS = tuple(map(Fraction, (12, 8, 4)))
TRUE = "true"


@dataclass(frozen=True)
class Picture:
    """A clip's picture.

    Attributes:
        fps: frames a second; ``None``: the film's own.
        blur: deviation of a Gaussian, as a share of the shorter side.
        noise: deviation of noise, new in each frame, as a share of white.
    """

    fps: Fraction | None = None
    blur: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True)
class Sound:
    """A clip's sound.

    Attributes:
        late_ms: it is moved by; what leaves the clip is lost, what comes in is silence.
        jitter_ms: deviation of a move of each event by itself.
        dropped: share of events that do not sound.
        added: sounds without an event, at random times.
        swapped: it is that of another clip.
        material: all sounds are of another material.
        snr_db: of white noise under it; ``None``: none.
    """

    late_ms: int = 0
    jitter_ms: int = 0
    dropped: float = 0.0
    added: int = 0
    swapped: bool = False
    material: bool = False
    snr_db: int | None = None


@dataclass(frozen=True)
class Variant:
    """One thing that is done to all clips.

    Attributes:
        name: unique.
        words: what it is, to go on after "clips".
        picture, sound: how it is made.
        scenes_only: it can be done only where the events are known and drawn.
    """

    name: str
    words: str
    picture: Picture = field(default_factory=Picture)
    sound: Sound = field(default_factory=Sound)
    scenes_only: bool = False

    @property
    def moved(self) -> bool:
        """The whole sound is shifted."""
        return self.sound.late_ms != 0

    @property
    def faulty(self) -> bool:
        """Some sounds are not those of the picture, or not each in its place."""
        sound = self.sound
        return bool(sound.swapped or sound.jitter_ms or sound.dropped or sound.added or sound.material)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        fps = self.picture.fps
        return {**asdict(self), "picture": {**asdict(self.picture), "fps": None if fps is None else str(fps)}}


def shifts(most: tuple[int, ...] = SHIFTS_MS) -> tuple[int, ...]:
    """Both signs, rising."""
    return tuple(sorted({sign * size for size in most for sign in (-1, 1)}))


def shifted(ms: int, fps: Fraction | None = None) -> str:
    """Name of the variant whose sound is ``ms`` late; without an ``fps`` at the clips' usual rate."""
    name = TRUE if ms == 0 else f"{ms:+d} ms"
    return name if fps is None else f"{name} at {float(fps):g} fps"


def swapped(fps: Fraction | None = None) -> str:
    """Name of the variant whose sound is another clip's."""
    return "swapped" if fps is None else f"swapped at {float(fps):g} fps"


def variants(*, scenes: bool) -> tuple[Variant, ...]:
    """All variants of scenes, or of films. The first is the clips as they are."""
    made = tuple(_all())
    return made if scenes else tuple(one for one in made if not one.scenes_only)


def _all() -> Iterator[Variant]:
    yield Variant(TRUE, "as they are")
    for ms in shifts():
        if ms:
            yield Variant(shifted(ms), f"with sound {abs(ms)} ms {'late' if ms > 0 else 'early'}", sound=Sound(ms))
    yield Variant(swapped(), "with the sound of another clip", sound=Sound(swapped=True))
    for fps in OTHER_FPS:
        for ms in shifts(FEW_SHIFTS_MS):
            moved = f", with sound {abs(ms)} ms {'late' if ms > 0 else 'early'}" if ms else ""
            yield Variant(shifted(ms, fps), f"at {float(fps):g} fps{moved}", Picture(fps), Sound(ms))
        yield Variant(
            swapped(fps), f"at {float(fps):g} fps, with the sound of another clip", Picture(fps), Sound(swapped=True)
        )
    for ms in (33, 67, 133):
        words = f"with every sound moved by itself ({ms} ms deviation)"
        yield Variant(f"jitter {ms} ms", words, sound=Sound(jitter_ms=ms), scenes_only=True)
    for share in (0.25, 0.5):
        words = f"in which {share:.0%} of the events are silent"
        yield Variant(f"dropped {share:.0%}", words, sound=Sound(dropped=share), scenes_only=True)
    for count in (1, 3):
        words = f"with {count} sound{'s' if count > 1 else ''} more than events"
        yield Variant(f"added {count}", words, sound=Sound(added=count), scenes_only=True)
    words = "with sounds of another material"
    yield Variant("other material", words, sound=Sound(material=True), scenes_only=True)
    for decibels in (20, 0):
        words = f"with noise in the sound, {decibels} dB below it"
        yield Variant(f"noise {decibels} dB", words, sound=Sound(snr_db=decibels))
    yield Variant("picture noise", "with noise in the picture, a tenth of white", Picture(noise=0.1))
    yield Variant("blur", "with a picture blurred by a twentieth of its side", Picture(blur=0.05))
