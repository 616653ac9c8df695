"""Words from files, lists, classes, and from a server that is told how to behave."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from phonofilm.data.ingest.caption import Caption, CaptionRow, caption, captioning, job_name, texts
from phonofilm.data.ingest.endpoint import Endpoint
from phonofilm.data.ingest.lists import class_list
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.split import Split
from phonofilm.data.ingest.words import Beside, ClassList, FolderClass, Listed, Uncaptioned
from phonofilm.errors import SettingError
from tests.data.ingest.fake_model import FakeModel
from tests.data.ingest.films import clip, cut_film, source, write_film


@pytest.fixture
def model() -> Iterator[FakeModel]:
    fake = FakeModel()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Uncaptioned:
    """One clip a second, of a film whose seconds can be told apart."""
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "water_drop" / "one.mp4")
    row, clips = cut_film(folder, "water_drop/one.mp4", Split(seconds=Fraction(1)))
    return Uncaptioned(folder, row, clips)


def unmade(folder: Path, *names: str) -> list[Uncaptioned]:
    rows = [source(name) for name in names]
    return [Uncaptioned(folder, row, (clip(row, 0), clip(row, 1))) for row in rows]


def said(settings: Caption, film: Uncaptioned) -> list[str]:
    return [row.text for row in caption(settings, film)]


def test_words_beside_a_film_are_those_of_all_its_clips(tmp_path: Path) -> None:
    plain, record, without = unmade(tmp_path, "a.mp4", "b.mp4", "c.mp4")
    (tmp_path / "a.txt").write_text("\ufeffA dog\n barks.\n", encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"caption": "A bell", "prompt": "Ding"}))
    assert said(Caption(), plain) == ["A dog barks."] * 2
    assert said(Caption(), record) == ["A bell"] * 2
    assert said(Caption(sources=(Beside(field="prompt"),)), record) == ["Ding"] * 2
    assert [row.clip_id for row in caption(Caption(), plain)] == [one.clip_id for one in plain.clips]
    (row, _) = caption(Caption(), without)
    assert row.reason is Reason.NO_CAPTION and "c.mp4" in row.message and row.text == ""


def test_a_copy_s_words_are_the_film_s_where_it_has_none_of_its_own(tmp_path: Path) -> None:
    (film,) = unmade(tmp_path, "a.mp4")
    copied = replace(film, copies=("d/b.mp4", "c.mp4"))
    settings = Caption(sources=(Beside(), FolderClass()))
    names = [job_name(settings, film), job_name(settings, copied)]
    assert said(settings, copied) == ["d"] * 2
    (tmp_path / "c.txt").write_text("of the last copy")
    assert said(settings, copied) == ["of the last copy"] * 2
    names.append(job_name(settings, copied))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b.txt").write_text("of the first copy")
    assert said(settings, copied) == ["of the first copy"] * 2
    names.append(job_name(settings, copied))
    (tmp_path / "a.txt").write_text("its own")
    assert said(settings, copied) == ["its own"] * 2
    assert len({*names, job_name(settings, copied)}) == 5


def test_clips_without_words_are_kept_by_setting(tmp_path: Path) -> None:
    (film,) = unmade(tmp_path, "a.mp4")
    (row, _) = caption(Caption(required=False), film)
    assert row.reason is None and row.text == "" and row.message
    assert texts([row, CaptionRow(clip_id="x", text="y", origin="z")]) == {"x": "y"}


def test_words_that_cannot_be_read_are_not_replaced_by_the_next_source(tmp_path: Path) -> None:
    (film,) = unmade(tmp_path, "class/a.mp4")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.json").write_text("{")
    (row, _) = caption(Caption(sources=(Beside(), FolderClass())), film)
    assert row.reason is Reason.NO_CAPTION and "mend" in row.message


@pytest.mark.parametrize("name", ["d/a.mp4", "d/a", "a.mp4", "a", "./d/a.mp4", "d\\a.mp4"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_list_names_films_by_place_or_name(tmp_path: Path, name: str, form: str) -> None:
    film, other = unmade(tmp_path, "d/a.mp4", "d/b.mp4")
    path = tmp_path / f"words.{form}"
    if form == "csv":
        path.write_text(f'number,text,file\n1,"one, and\ntwo",{name}\n')
    else:
        path.write_text(json.dumps({"file": name, "text": "one, and two"}) + "\n")
    settings = Caption(sources=(Listed(file=path.name, path="file", caption="text"),))
    assert said(settings, film) == ["one, and two"] * 2
    assert said(settings, other) == ["", ""]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("path,captoin\na,b\n", "lacks the column caption; it has path, captoin"),
        ("path,caption\na,b\na,c\n", "twice"),
        (None, "no list"),
        ("path,caption\na,b\nb,rain, then a bell\n", r"list\.csv, line 3 has more cells than the header"),
        ("", "names no film"),
        ("path,caption\n", "names no film"),
    ],
)
def test_a_bad_list_stops_the_run_and_says_what_to_mend(tmp_path: Path, text: str | None, problem: str) -> None:
    (film,) = unmade(tmp_path, "a.mp4")
    if text is not None:
        (tmp_path / "list.csv").write_text(text)
    with pytest.raises(SettingError, match=problem):
        caption(Caption(sources=(Listed(file="list.csv"),)), film)


def test_an_empty_table_of_classes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").touch()
    with pytest.raises(SettingError, match="names no film"):
        class_list(tmp_path / "classes.csv")


def test_entries_of_a_list_that_name_no_film_are_counted_and_a_table_of_classes_may_have_more(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,caption\na,x\nd/b.mp4,x\nc.mp4,x\nd,x\ne,x\nf,x\n")
    (tmp_path / "classes.csv").write_text("xyz,5,rain,train\n")
    settings = Caption(sources=(Listed(file="list.csv"), ClassList(file="classes.csv")))
    here = ["a.mp4", "d/b.mp4", "other.mp4"]
    assert settings.absent(tmp_path, here) == ["4 of 6 entries of list.csv name no film here: c.mp4, d, e, ..."]
    assert settings.absent(tmp_path, [*here, "c.mp4", "d.mp4", "e.mp4", "f.mp4"]) == []


def test_classes_are_folders_or_a_table(tmp_path: Path) -> None:
    table = tmp_path / "vggsound.csv"
    table.write_text('-0aB,30,"playing drums, loud",test\nxyz,5,dog barking,train\nxyz,15,cat purring,train\n')
    drums, dog, cat, unclear = unmade(
        tmp_path, "-0aB.mp4", "some_where/xyz_000005.mp4", "some_where/xyz_15.webm", "some_where/xyz.mp4"
    )
    settings = Caption(sources=(ClassList(file="vggsound.csv"), FolderClass(template="the sound of {label}")))
    assert said(settings, drums) == ["playing drums, loud"] * 2
    assert said(settings, dog) == ["dog barking"] * 2
    assert said(settings, cat) == ["cat purring"] * 2
    assert said(settings, unclear) == ["the sound of some where"] * 2, "two rows have that id: none of them is taken"
    found = class_list(table).get("x/-0aB_000030.mp4")
    assert found is not None and found.subset == "test"
    with pytest.raises(ValidationError):
        FolderClass(template="no place for the name")
    table.write_text("id,start,label\n")
    with pytest.raises(SettingError, match="line 1"):
        said(settings, drums)


def test_a_changed_list_or_sidecar_is_another_job(tmp_path: Path) -> None:
    (film,) = unmade(tmp_path, "a.mp4")
    settings = Caption(sources=(Beside(), Listed(file="list.csv")))
    names = [job_name(settings, film)]
    (tmp_path / "list.csv").write_text("path,caption\n")
    names.append(job_name(settings, film))
    (tmp_path / "a.txt").write_text("x")
    names.append(job_name(settings, film))
    names.append(job_name(settings, Uncaptioned(tmp_path, film.row, film.clips[:1])))
    assert len(set(names)) == 4
    assert job_name(settings, film) == names[2]


def test_a_model_sees_the_pictures_of_the_clip_and_hears_its_sound(film: Uncaptioned, model: FakeModel) -> None:
    model.says("  A drop \n falls. ")
    endpoint = Endpoint(url=model.url, model="eyes", frames=2, height=18, sound=True)
    rows = caption(Caption(sources=(endpoint,)), film)
    assert [(row.text, row.origin, row.reason) for row in rows] == [("A drop falls.", "eyes", None)] * 4
    for second, (path, _, body) in enumerate(model.asked):
        assert path == "/v1/chat/completions" and body["model"] == "eyes"
        text, *pictures, heard = body["messages"][0]["content"]
        assert text["text"] == endpoint.prompt
        for picture in pictures:
            kind, data = picture["image_url"]["url"].split(",")
            decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
            assert kind == "data:image/jpeg;base64" and decoded is not None and decoded.shape == (18, 32, 3)
            assert abs(float(decoded.mean()) - (20, 80, 140, 200)[second]) < 3
        with wave.open(io.BytesIO(base64.b64decode(heard["input_audio"]["data"]))) as file:
            assert (file.getframerate(), file.getnframes(), file.getnchannels()) == (16000, 16000, 1)
            samples = np.frombuffer(file.readframes(16000), "<i2") / 32767
        loud = np.sqrt(np.mean(samples**2))
        assert loud == pytest.approx(0.5 / np.sqrt(2) if second == 2 else 0, abs=1e-2)


def test_an_answer_is_kept_clip_by_clip(film: Uncaptioned, model: FakeModel, tmp_path: Path) -> None:
    kept = Uncaptioned(film.folder, film.row, film.clips, tmp_path / "answers")
    endpoint = Endpoint(url=model.url, model="eyes", frames=1, height=16, pause=0, attempts=2)
    ok = (200, {}, {"choices": [{"message": {"content": "fine"}}]})
    model.answers = [ok, ok, (401, {}, {"error": "wrong key"})]
    with pytest.raises(SettingError, match=r"401.*wrong key.*OPENAI_API_KEY"):
        caption(Caption(sources=(endpoint,)), kept)
    assert len(model.asked) == 3, "a wrong key is not tried again"
    model.says("again")
    assert said(Caption(sources=(endpoint,)), kept) == ["fine", "fine", "again", "again"]
    assert said(Caption(sources=(endpoint,)), kept) == ["fine", "fine", "again", "again"]
    assert len(model.asked) == 5
    other = endpoint.model_copy(update={"prompt": "What is it?"})
    assert said(Caption(sources=(other,)), kept) == ["again"] * 4
    assert len(model.asked) == 9, "another question is another answer"
    next((tmp_path / "answers" / other.asks).iterdir()).write_text("{")
    assert said(Caption(sources=(other,)), kept) == ["again"] * 4
    assert len(model.asked) == 10, "a damaged answer is asked for again"


def test_a_busy_model_is_asked_again_and_a_key_is_sent(
    film: Uncaptioned, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("phonofilm.data.ingest.endpoint.time.sleep", waited.append)
    monkeypatch.setenv("MY_KEY", "secret")
    one = Uncaptioned(film.folder, film.row, film.clips[:1])
    endpoint = Endpoint(url=model.url + "/", model="eyes", frames=1, height=16, key="MY_KEY", attempts=4)
    ok = (200, {}, {"choices": [{"message": {"content": [{"type": "text", "text": "fine"}]}}]})
    model.answers = [(503, {}, b"later"), (429, {"Retry-After": "7"}, b""), (500, {"Retry-After": "soon"}, b""), ok]
    assert said(Caption(sources=(endpoint,)), one) == ["fine"]
    assert waited == [1, 7, 14]
    assert all(headers["Authorization"] == "Bearer secret" for _, headers, _ in model.asked)
    assert "secret" not in endpoint.model_dump_json() and "secret" not in json.dumps([b for _, _, b in model.asked])
    monkeypatch.delenv("MY_KEY")
    assert said(Caption(sources=(endpoint,)), one) == ["fine"]
    assert "Authorization" not in model.asked[-1][1]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((400, {}, b"content policy"), "content policy"),
        ((200, {}, {"choices": [{"message": {"content": None, "refusal": "I may not"}}]}), "I may not"),
        ((200, {}, {"choices": [{"message": {"content": " "}, "finish_reason": "length"}]}), "length"),
    ],
)
def test_a_refused_clip_is_left_out_with_the_reason(film: Uncaptioned, model: FakeModel, answer: Any, why: str) -> None:
    model.answers = [answer]
    endpoint = Endpoint(url=model.url, model="eyes", frames=1, height=16)
    rows = caption(Caption(sources=(endpoint, FolderClass())), Uncaptioned(film.folder, film.row, film.clips[:1]))
    assert rows[0].reason is Reason.NO_CAPTION and why in rows[0].message
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        ((200, {}, b"<html>"), 1),
        ((200, {}, {"choices": []}), 1),
        ((307, {"Location": "http://127.0.0.1:9/v1/chat/completions"}, b""), 1),
        ((404, {}, b"no such model"), 1),
        ((502, {}, b"bad gateway"), 3),
    ],
)
def test_an_address_without_captions_stops_the_run(
    film: Uncaptioned, model: FakeModel, answer: Any, times: int
) -> None:
    model.answers = [answer]
    endpoint = Endpoint(url=model.url, model="eyes", frames=1, height=16, pause=0, attempts=3)
    with pytest.raises(SettingError, match="gives no captions"):
        caption(Caption(sources=(endpoint,)), film)
    assert len(model.asked) == times


def test_nobody_at_the_address_stops_the_run(film: Uncaptioned, model: FakeModel) -> None:
    model.server.server_close()
    endpoint = Endpoint(url=model.url, model="eyes", frames=1, height=16, pause=0, attempts=2)
    with pytest.raises(SettingError, match="2 times"):
        caption(Caption(sources=(endpoint,)), film)
    with pytest.raises(ValidationError):
        Endpoint(url="file:///etc/passwd", model="eyes")


def test_a_clip_that_cannot_be_read_is_left_out(tmp_path: Path, model: FakeModel) -> None:
    (film,) = unmade(tmp_path, "a.mp4")
    (tmp_path / "a.mp4").write_bytes(b"no film")
    rows = caption(Caption(sources=(Endpoint(url=model.url, model="eyes"),)), film)
    assert {row.reason for row in rows} == {Reason.NO_CAPTION} and "not asked" in rows[0].message
    assert not model.asked


def test_settings_decide_the_key_of_the_stage() -> None:
    one, other = Endpoint(url="http://a/v1", model="m"), Endpoint(url="http://a/v1", model="n")
    keys = {captioning(Caption(sources=(source,)), "above").key for source in (one, other, Beside())}
    assert len(keys) == 3
    again = Caption.model_validate_json(Caption(sources=(one, Beside())).model_dump_json())
    assert again == Caption(sources=(one, Beside()))
