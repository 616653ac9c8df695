from fractions import Fraction

import numpy as np
import pytest

from phonofilm.benchmarks.rulers.grounds import grounds, unfit
from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.pair import AV


def film(folder, name, has=AV(True, True), level=0.1):  # noqa: B008  # frozen
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (9, 32, 32, 3), np.uint8) if has.video else None
    sound = (level * rng.standard_normal((1, 16_000))).astype(np.float32) if has.audio else None
    Clip(frames, sound, Fraction(9), 16_000).save(folder / f"{name}.mkv", lossless=True)


def test_no_film_gets_the_sound_of_one_that_has_none(tmp_path):
    film(tmp_path, "a")
    film(tmp_path, "b mute", AV(True, False))
    film(tmp_path, "c silent", level=0.0)
    (tmp_path / "d broken.mkv").write_bytes(b"no film")
    film(tmp_path, "e")
    ground = grounds(0, 4, tmp_path)[1]
    assert [(take.path.stem, take.other.stem) for take in ground.takes] == [("a", "e"), ("e", "a")]
    assert {name: reason for name, reason in ground.skipped.items() if "broken" not in name} == {
        "b mute.mkv": f"{tmp_path}/b mute.mkv has no sound",
        "c silent.mkv": f"the sound of {tmp_path}/c silent.mkv is silence throughout",
    }
    assert "d broken.mkv" in ground.skipped["d broken.mkv"]
    assert unfit(tmp_path / "a.mkv") is None


def test_one_film_alone_cannot_be_paired(tmp_path):
    film(tmp_path, "a")
    film(tmp_path, "b", AV(True, False))
    with pytest.raises(MediaError, match=r"fewer than two films with picture and sound .*b\.mkv has no sound"):
        grounds(0, 4, tmp_path)
