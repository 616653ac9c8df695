from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from phonofilm import __version__
from phonofilm.errors import MediaError, SettingError
from phonofilm.pair import AV
from phonofilm.pipelines.request import Request, Settings, Source
from phonofilm.pipelines.sidecar import Sidecar, read_sidecar, sha256_of

SETTINGS = Settings(7, 1.5, AV(7.5, 2.5), "euler", Fraction(5, 3), Fraction(8), "")
SIDECAR = Sidecar(
    "svg-tiny", "ab" * 32, "une balle — ☂", 2**62, SETTINGS, torch="2.13.0", device="cpu", threads=2,
    held=AV(video=True, audio=False), source=Source("a/b.mp4", "cd" * 32), files={"film": "x.mkv"}, lossless=True,
    film_sha256="ef" * 32,
)  # fmt: skip


@pytest.mark.parametrize("sidecar", [SIDECAR, replace(SIDECAR, source=None, held=AV(video=False, audio=False))])
def test_a_sidecar_survives_its_file(tmp_path: Path, sidecar: Sidecar) -> None:
    assert read_sidecar(sidecar.save(tmp_path / "x.json")) == sidecar


def test_the_prompt_stands_in_it_as_typed(tmp_path: Path) -> None:
    SIDECAR.save(tmp_path / "x.json")
    assert "une balle — ☂" in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", [{"prompt": "other"}, {"seed": 1}, {"settings": replace(SETTINGS, steps=8)}])
def test_a_request_that_differs_is_another(change: dict) -> None:
    sidecar = replace(SIDECAR, source=None, held=AV(video=False, audio=False))
    request = Request(sidecar.prompt, sidecar.seed, sidecar.settings)
    assert sidecar.same_request(request)
    assert not sidecar.same_request(replace(request, **change))
    assert not SIDECAR.same_request(request)


def test_another_version_is_refused_and_the_right_phonofilm_named(tmp_path: Path) -> None:
    path = SIDECAR.save(tmp_path / "x.json")
    row = json.loads(path.read_text()) | {"version": 9, "phonofilm": "7.0"}
    path.write_text(json.dumps(row))
    with pytest.raises(
        SettingError, match=f"version 9, this Phonofilm {__version__} reads version 1: .* Phonofilm 7.0"
    ):
        read_sidecar(path)


@pytest.mark.parametrize("content", ["", "{", "[]", '"phonofilm-sidecar"', '{"prompt": "x"}', "\x00\x01"])
def test_what_is_no_sidecar_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(SettingError, match=r"is not a sidecar: give the \.json file beside a generated film"):
        read_sidecar(path)


@pytest.mark.parametrize("key", ["prompt", "seed", "settings", "weights", "environment", "held"])
def test_a_damaged_sidecar_is_refused(tmp_path: Path, key: str) -> None:
    path = SIDECAR.save(tmp_path / "x.json")
    row = json.loads(path.read_text())
    del row[key]
    path.write_text(json.dumps(row))
    with pytest.raises(SettingError, match="damaged sidecar"):
        read_sidecar(path)


def test_a_missing_sidecar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot read .*no\.json"):
        read_sidecar(tmp_path / "no.json")


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9001
    (tmp_path / "x").write_bytes(content)
    assert sha256_of(tmp_path / "x") == hashlib.sha256(content).hexdigest()
