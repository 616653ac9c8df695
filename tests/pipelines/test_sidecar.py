from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from phonofilm import __version__
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.digest import file_sha256
from phonofilm.pair import AV
from phonofilm.pipelines.request import Request, Settings, Source
from phonofilm.pipelines.sidecar import Environment, Sidecar, read_sidecar

SETTINGS = Settings(7, 1.5, AV(7.5, 2.5), "euler", Fraction(5, 3), Fraction(8), "", (0.125, 0.75))
ENVIRONMENT = Environment("2.13.0", "cpu", 2, batch=8, place=7)
SIDECAR = Sidecar(
    "svg-tiny", "ab" * 32, "une balle — ☂", 2**62, SETTINGS, ENVIRONMENT,
    held=AV(video=True, audio=False), source=Source("a/b.mp4", "cd" * 32), files={"film": "x.mkv"}, lossless=True,
    film_sha256="ef" * 32,
)  # fmt: skip


def saved(sidecar: Sidecar, folder: Path) -> Path:
    path = folder / "x.json"
    path.write_bytes(sidecar.to_bytes())
    return path


@pytest.mark.parametrize("sidecar", [SIDECAR, replace(SIDECAR, source=None, held=AV(video=False, audio=False))])
def test_a_sidecar_survives_its_file(tmp_path: Path, sidecar: Sidecar) -> None:
    assert read_sidecar(saved(sidecar, tmp_path)) == sidecar


def test_the_prompt_stands_in_it_as_typed(tmp_path: Path) -> None:
    saved(SIDECAR, tmp_path)
    assert "une balle — ☂" in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", [{"prompt": "other"}, {"seed": 1}, {"settings": replace(SETTINGS, steps=8)}])
def test_a_request_that_differs_is_another(change: dict) -> None:
    sidecar = replace(SIDECAR, source=None, held=AV(video=False, audio=False))
    request = Request(sidecar.prompt, sidecar.seed, sidecar.settings)
    assert sidecar.same_request(request)
    assert not sidecar.same_request(replace(request, **change))
    assert not SIDECAR.same_request(request)


def test_another_version_is_refused_and_the_right_phonofilm_named(tmp_path: Path) -> None:
    path = saved(SIDECAR, tmp_path)
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


def changed(path: Path, place: str, value: object) -> None:
    """Put ``value`` at a dotted place of a JSON file; a value of ... takes the key away."""
    whole = row = json.loads(path.read_text(encoding="utf-8"))
    *above, key = place.split(".")
    for name in above:
        row = row[name]
    if value is ...:
        del row[key]
    else:
        row[key] = value
    path.write_text(json.dumps(whole), encoding="utf-8")


WHOLE = SIDECAR.to_json()
MISTYPED = [
    (key, value)
    for key in sorted(WHOLE.keys() - {"format", "version"})
    for value in (..., None, 5, 1.5, True, "5", [], {})
    if (key, value) != ("source", None) and (value == {} != WHOLE[key] or type(value) is not type(WHOLE[key]))
]


@pytest.mark.parametrize(("key", "value"), [one for one in MISTYPED if one != ("files", {})])
def test_a_damaged_sidecar_is_refused(tmp_path: Path, key: str, value: object) -> None:
    path = saved(SIDECAR, tmp_path)
    changed(path, key, value)
    with pytest.raises(SettingError, match=rf"x\.json is a damaged sidecar \(.*{key}.*\): take a fresh copy"):
        read_sidecar(path)


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("seed", 2**63, "seed: .*less than or equal"),
        ("seed", -1, "seed: .*greater than or equal"),
        ("settings.steps", 2.5, "settings.steps: .*valid integer"),
        ("settings.steps", 0, "steps is 0: choose 1 or more"),
        ("settings.setps", 3, "settings.setps: Unexpected"),
        ("settings.gamma", ..., "settings.gamma: .*required"),
        ("settings.fps", "1/0", "settings.fps: .*fraction"),
        ("settings.guidance", {"video": 1}, "settings.guidance.audio: .*required"),
        ("settings.guidance_interval", [0.5], "settings.guidance_interval"),
        ("settings.guidance_interval", [0.9, 0.1], "0.9 to 0.1: choose"),
        ("environment.threads", 0, "environment.threads: .*greater"),
        ("environment.threads", 10**12, "environment.threads: .*less"),
        ("environment.threads", "two", "environment.threads: .*valid integer"),
        ("environment.place", 8, "batch of 8"),
        ("held", {"video": True, "audio": True}, "both given"),
        ("held.video", 1, "held.video: .*valid boolean"),
        ("source.sha256", ..., "source.sha256: .*required"),
        ("files.film", 3, "files.film: .*valid string"),
        ("extra", 3, "extra: Unexpected"),
    ],
)
def test_what_is_wrong_with_a_sidecar_is_said(tmp_path: Path, place: str, value: object, fault: str) -> None:
    path = saved(SIDECAR, tmp_path)
    changed(path, place, value)
    with pytest.raises(SettingError, match=rf"damaged sidecar \(.*{fault}"):
        read_sidecar(path)


def test_a_sidecar_from_before_batches_and_intervals_were_kept_means_none_of_them(tmp_path: Path) -> None:
    path = saved(SIDECAR, tmp_path)
    for place in ("environment.batch", "environment.place", "settings.guidance_interval"):
        changed(path, place, ...)
    earlier = read_sidecar(path)
    assert (earlier.environment.batch, earlier.environment.place) == (1, 0)
    assert earlier.settings.guidance_interval == (0, 1)


def test_a_prompt_is_read_the_same_wherever_text_is_not_unicode_by_default(tmp_path: Path) -> None:
    path = saved(SIDECAR, tmp_path)
    code = (
        "import sys; from pathlib import Path; from phonofilm.pipelines.sidecar import read_sidecar; "
        "print(ascii(read_sidecar(Path(sys.argv[1])).prompt))"
    )
    legacy = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = subprocess.run([sys.executable, "-c", code, path], env=legacy, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ascii(SIDECAR.prompt)


def test_a_missing_sidecar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot read .*no\.json"):
        read_sidecar(tmp_path / "no.json")


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9001
    (tmp_path / "x").write_bytes(content)
    assert file_sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()
