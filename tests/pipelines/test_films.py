from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phonofilm.errors import MediaError, SettingError
from phonofilm.media.digest import file_sha256
from phonofilm.media.read import read
from phonofilm.pipelines.films import film_name, make_again, make_films, plan_films, read_prompts, unfinished
from phonofilm.pipelines.joint import Pipeline
from phonofilm.pipelines.request import Request
from phonofilm.pipelines.sidecar import read_sidecar

BALL = "a glass ball bounces on wood"


def asked(pipe: Pipeline, *prompts: str) -> list[Request]:
    settings = pipe.settings(steps=1)
    return [Request(prompt, seed, settings) for seed, prompt in enumerate(prompts)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_prompts_are_one_a_line_without_blanks_and_comments(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "p.txt"
    path.write_text("a C#-tuned bell\n#a list\n\n  a ball\t# twice \nune cloche — ☂\n   # no\n", encoding=encoding)
    assert read_prompts(path) == {
        f"line 1 of {path}": "a C#-tuned bell",
        f"line 4 of {path}": "a ball",
        f"line 5 of {path}": "une cloche — ☂",
    }


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        ("# only\n\n", "holds no prompt"),
        (b"\xff\xfe\x00", "no UTF-8 text; save it as UTF-8"),
        ("a ball\n".encode("utf-16"), "save it as UTF-8"),
    ],
)
def test_a_file_without_prompts_is_refused(tmp_path: Path, content: str | bytes, fix: str) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((SettingError, MediaError), match=fix):
        read_prompts(path)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        (BALL, "012-a-glass-ball-bounces-on-wood-seed7.mp4"),
        ("../../etc/passwd; rm -rf *", "012-etc-passwd-rm-rf-seed7.mp4"),
        ("鼓", "012-clip-seed7.mp4"),
        ("x" * 300, f"012-{'x' * 40}-seed7.mp4"),
    ],
)
def test_names_are_safe_and_readable(pipe: Pipeline, prompt: str, name: str) -> None:
    assert film_name(12, replace(asked(pipe, prompt)[0], seed=7), ".mp4") == name


def test_one_film_goes_to_a_file_and_several_to_a_folder(pipe: Pipeline, tmp_path: Path) -> None:
    one, two = asked(pipe, BALL), asked(pipe, BALL, BALL)
    assert [plan.film for plan in plan_films(one, tmp_path / "x.mp4")] == [tmp_path / "x.mp4"]
    films = [plan.film for plan in plan_films(two, tmp_path / "out", lossless=True)]
    assert len(set(films)) == 2
    assert {film.parent for film in films} == {tmp_path / "out"}
    assert {film.suffix for film in films} == {".mkv"}
    with pytest.raises(SettingError, match=r"2 clips cannot all go to .*x\.mp4: give a folder"):
        plan_films(two, tmp_path / "x.mp4")


@pytest.mark.parametrize("name", ["runs.v1", "gamma-1.25-0f3ab2", "cmc-pe-1.5", "take.2024-05-01", ".films", "a.final"])
def test_a_dot_alone_does_not_make_a_folder_a_film(pipe: Pipeline, tmp_path: Path, name: str) -> None:
    assert {plan.film.parent for plan in plan_films(asked(pipe, BALL, BALL), tmp_path / name)} == {tmp_path / name}


@pytest.mark.parametrize("name", ["x.avi", "x.MP4", "x.mp3", "x.m4a", "x.webm"])
def test_several_films_never_make_a_folder_that_is_named_as_a_film(pipe: Pipeline, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=f"2 clips cannot all go to .*{name}: give a folder"):
        plan_films(asked(pipe, BALL, BALL), tmp_path / name)


def test_a_film_comes_with_its_sidecar_and_sheet(pipe: Pipeline, tmp_path: Path) -> None:
    (plan,) = plan_films(asked(pipe, BALL), tmp_path / "x.mkv", sheet=True, lossless=True)
    (film,) = make_films(pipe, unfinished([plan], model=pipe.fingerprint))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json", "x.mkv", "x.png"]
    again = read(plan.film)
    assert np.array_equal(again.frames, film.take.clip.frames)
    assert np.array_equal(again.audio, film.take.clip.audio)
    sidecar = read_sidecar(plan.sidecar_path)
    assert sidecar == film.take.sidecar
    assert sidecar.film_sha256 == file_sha256(plan.film)
    assert dict(sidecar.files) == {"film": "x.mkv", "sheet": "x.png"}
    assert Image.open(plan.sheet_path).size[0] > 1000


@pytest.mark.parametrize(("suffix", "lossless"), [("mp4", False), ("mkv", False), ("mkv", True), ("mov", True)])
def test_film_bytes_are_the_same_again(pipe: Pipeline, tmp_path: Path, suffix: str, lossless: bool) -> None:
    names = (f"a.{suffix}", f"b.{suffix}")
    plans = [plan_films(asked(pipe, BALL), tmp_path / name, lossless=lossless)[0] for name in names]
    films = [next(make_films(pipe, [plan])) for plan in plans]
    assert plans[0].film.read_bytes() == plans[1].film.read_bytes()
    assert films[0].take.sidecar.film_sha256 == films[1].take.sidecar.film_sha256


@pytest.mark.parametrize("existing", ["x.mp4", "x.json", "x.png"])
def test_nothing_that_exists_is_overwritten_unasked(pipe: Pipeline, tmp_path: Path, existing: str) -> None:
    plans = plan_films(asked(pipe, BALL), tmp_path / "x.mp4", sheet=True)
    (tmp_path / existing).write_bytes(b"mine")
    with pytest.raises(MediaError, match=rf"{existing} exists already: choose another name, or replace it \(--force"):
        unfinished(plans, model=pipe.fingerprint)
    assert (tmp_path / existing).read_bytes() == b"mine"
    assert unfinished(plans, model=pipe.fingerprint, force=True) == plans


def test_a_name_that_is_no_film_is_refused_before_any_work(pipe: Pipeline, tmp_path: Path) -> None:
    plans = plan_films(asked(pipe, BALL), tmp_path / "x.avi")
    with pytest.raises(MediaError, match=r"\.mp4"):
        unfinished(plans, model=pipe.fingerprint)


def test_an_output_below_a_file_is_refused(pipe: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    plans = plan_films(asked(pipe, BALL), tmp_path / "file" / "x.mp4")
    with pytest.raises(MediaError, match=r"cannot make the folder .*: choose another with -o"):
        unfinished(plans, model=pipe.fingerprint)


def test_a_folder_whose_name_no_system_takes_is_refused(pipe: Pipeline, tmp_path: Path) -> None:
    plans = plan_films(asked(pipe, BALL), tmp_path / ("x" * 999))
    with pytest.raises(MediaError, match=r"cannot make the folder .* \(File name too long\): choose another with -o"):
        unfinished(plans, model=pipe.fingerprint)


@pytest.mark.parametrize("folder", [".", "new"])
@pytest.mark.parametrize("letters", [260, 251])
def test_a_film_whose_name_no_system_takes_is_refused_before_any_work(
    pipe: Pipeline, tmp_path: Path, folder: str, letters: int
) -> None:
    """The sidecar's name is the longest: with 251 letters the film alone could be made."""
    plans = plan_films(asked(pipe, BALL), tmp_path / folder / ("x" * letters + ".mp4"))
    with pytest.raises(MediaError, match=r"cannot make .* \(File name too long\): choose another name"):
        unfinished(plans, model=pipe.fingerprint)
    assert list(tmp_path.iterdir()) == []


def test_folders_come_with_the_first_film(pipe: Pipeline, tmp_path: Path) -> None:
    plans = plan_films(asked(pipe, "wood " * 200), tmp_path / "new" / "folder")
    assert unfinished(plans, model=pipe.fingerprint) == plans
    with pytest.raises(SettingError, match="too long"):
        list(make_films(pipe, plans))
    assert list(tmp_path.iterdir()) == []
    list(make_films(pipe, plan_films(asked(pipe, BALL), tmp_path / "new" / "folder")))
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 2


def test_an_interrupted_run_is_continued(pipe: Pipeline, tmp_path: Path) -> None:
    plans = plan_films(asked(pipe, BALL, "wood", "metal"), tmp_path)
    made = make_films(pipe, unfinished(plans, model=pipe.fingerprint))
    next(made)
    next(made)
    made.close()
    plans[1].sidecar_path.unlink()  # as if killed between the film and its sidecar
    first = plans[0].film.stat().st_mtime_ns
    left = unfinished(plans, model=pipe.fingerprint, resume=True)
    assert left == plans[1:]
    list(make_films(pipe, left))
    assert plans[0].film.stat().st_mtime_ns == first
    assert all(plan.sidecar_path.exists() for plan in plans)
    assert unfinished(plans, model=pipe.fingerprint, resume=True) == []


def test_a_film_of_a_batch_is_made_again_bit_for_bit(pipe: Pipeline, tmp_path: Path) -> None:
    three = replace(pipe, batch=3)
    requests = asked(pipe, BALL, "wood", "a metal pipe")
    films = list(make_films(three, plan_films(requests, tmp_path / "first", lossless=True)))
    assert [film.take.sidecar.environment.place for film in films] == [0, 1, 2]
    assert {film.take.sidecar.environment.batch for film in films} == {3}
    steps: list[int] = []
    sidecar = read_sidecar(films[2].plan.sidecar_path)
    (plan,) = plan_films([pipe.remake(sidecar, tmp_path)], tmp_path / "again" / films[2].plan.film.name, lossless=True)
    assert make_again(pipe, plan, sidecar, advance=steps.append).take.sidecar == sidecar
    assert steps == [3]


def test_continuing_with_other_settings_or_weights_is_refused(pipe: Pipeline, tmp_path: Path) -> None:
    requests = asked(pipe, BALL)
    list(make_films(pipe, plan_films(requests, tmp_path)))
    other = [replace(requests[0], settings=pipe.settings(steps=2))]
    for plans, model in ((plan_films(other, tmp_path), pipe.fingerprint), (plan_films(requests, tmp_path), "00" * 32)):
        with pytest.raises(SettingError, match="made from another prompt, model or settings: repeat the first run"):
            unfinished(plans, model=model, resume=True)
        assert unfinished(plans, model=model, resume=True, force=True) == plans


def test_a_full_disk_leaves_nothing_half_written(
    pipe: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    plans = plan_films(asked(pipe, BALL), tmp_path / "x.mp4")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MediaError, match=r"x\.mp4 \(No space left on device\): make room"):
        list(make_films(pipe, plans))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_sheet_that_cannot_be_written_leaves_no_film(pipe: Pipeline, tmp_path: Path) -> None:
    import resource
    import signal

    (plan,) = plan_films(asked(pipe, BALL), tmp_path / "x.mp4", sheet=True)
    (film,) = make_films(pipe, [plan])
    sizes = [path.stat().st_size for path in plan.outputs]
    assert sizes[0] < sizes[1], "the film must fit where its sheet does not"
    for path in plan.outputs:
        path.unlink()
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (sum(sizes[:2]) // 2, hard))
    try:
        with pytest.raises(MediaError, match=r"x\.png \(File too large\): make room .*; nothing of it remains"):
            list(make_films(pipe, [film.plan]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []


def test_the_sidecar_holds_the_prompt_where_scores_look_for_it(pipe: Pipeline, tmp_path: Path) -> None:
    list(make_films(pipe, plan_films(asked(pipe, BALL), tmp_path / "x.mp4")))
    assert json.loads((tmp_path / "x.json").read_text())["prompt"] == BALL
