from __future__ import annotations

import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256
from phonofilm.media.read import read
from phonofilm.pair import AV
from phonofilm.pipelines.joint import Pipeline, PromptWarning, batches, load
from phonofilm.pipelines.request import Request
from phonofilm.pipelines.sidecar import read_sidecar
from phonofilm.pipelines.take import Take
from tests.tiny import CAPTIONS, save_tiny_model

BALL = "a glass ball bounces on wood"


def ask(pipe: Pipeline, prompt: str = BALL, seed: int = 0, **settings: object) -> Request:
    return Request(prompt, seed, pipe.settings(**{"steps": 2, **settings}))


def same(one: Clip, other: Clip) -> bool:
    return bool(np.array_equal(one.frames, other.frames) and np.array_equal(one.audio, other.audio))


@pytest.fixture(scope="module")
def take(pipe: Pipeline) -> Take:
    (made,) = pipe.stream([ask(pipe)])
    return made


def test_a_clip_has_the_shape_of_the_model(pipe: Pipeline, take: Take) -> None:
    assert take.clip.shape == pipe.model.shape


def test_the_same_request_gives_the_same_bits(pipe: Pipeline, take: Take) -> None:
    assert same(pipe(BALL, seed=0, steps=2), take.clip)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"prompt": CAPTIONS[0]},
        {"steps": 3},
        {"guidance": AV(1.0, 4.0)},
        {"negative": "metal"},
        {"guidance_interval": (0.9, 1.0)},
    ],
)
def test_everything_that_is_asked_for_counts(pipe: Pipeline, take: Take, change: dict) -> None:
    (other,) = pipe.stream([ask(pipe, **change)])
    assert not np.array_equal(other.clip.audio, take.clip.audio)


def test_gamma_and_sampler_count_where_they_can(pipe: Pipeline) -> None:
    plain = pipe(BALL, steps=3, gamma=1.0)
    assert not same(plain, pipe(BALL, steps=3, gamma=2.0))
    assert not same(plain, pipe(BALL, steps=3, gamma=1.0, sampler="heun"))


def test_a_clip_does_not_depend_on_its_batch(pipe: Pipeline, take: Take) -> None:
    requests = [ask(pipe, seed=5), ask(pipe, CAPTIONS[0], seed=9), ask(pipe)]
    together = [made.clip for made in replace(pipe, batch=3).stream(requests)]
    assert np.abs(together[2].frames.astype(int) - take.clip.frames).max() <= 1
    assert np.abs(together[2].audio - take.clip.audio).max() < 1e-4
    assert not np.allclose(together[0].audio, together[1].audio, atol=1e-3)


def test_batches_join_only_neighbours_with_the_same_settings(pipe: Pipeline) -> None:
    a, b = ask(pipe), ask(pipe, steps=9)
    assert [len(batch) for batch in batches([a, a, a, b, a], 2)] == [2, 1, 1, 1]
    assert [one for batch in batches([a, b, a], 8) for one in batch] == [a, b, a]


def test_the_sidecar_makes_the_clip_again(pipe: Pipeline, take: Take, tmp_path: Path) -> None:
    (again,) = pipe.stream([pipe.remake(take.sidecar, tmp_path)])
    assert same(again.clip, take.clip)
    assert again.sidecar == take.sidecar


def test_guidance_outside_its_interval_is_none(pipe: Pipeline) -> None:
    plain = pipe(BALL, steps=2, guidance=1.0)
    assert same(plain, pipe(BALL, steps=2, guidance=7.0, guidance_interval=(0.0, 0.01)))
    assert not same(plain, pipe(BALL, steps=2, guidance=7.0))


def test_other_weights_are_refused_by_name(pipe: Pipeline, take: Take, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="name the right folder with --model"):
        pipe.remake(replace(take.sidecar, weights="00" * 32), tmp_path)


def test_a_lower_frame_rate_keeps_every_other_frame_and_all_sound(pipe: Pipeline, take: Take) -> None:
    thin = pipe(BALL, steps=2, fps=pipe.model.shape.fps / 2)
    assert thin.fps == pipe.model.shape.fps / 2
    assert np.array_equal(thin.frames, take.clip.frames[::2])
    assert np.array_equal(thin.audio, take.clip.audio)


def test_a_shorter_clip_has_the_length_asked_for(pipe: Pipeline) -> None:
    clip = pipe(BALL, steps=1, seconds="1.5")
    assert clip.shape.seconds == Fraction(3, 2)
    assert clip.audio.shape == (1, 24_000)


def test_progress_counts_every_step_of_every_clip(pipe: Pipeline) -> None:
    steps: list[int] = []
    list(replace(pipe, batch=2).stream([ask(pipe, seed=seed) for seed in range(3)], advance=steps.append))
    assert steps == [2, 2, 1, 1]


def test_the_time_of_each_stage_is_told(take: Take) -> None:
    parts = (take.timing.encoding, take.timing.sampling, take.timing.decoding)
    assert min(parts) > 0
    assert take.timing.total == pytest.approx(sum(parts))


def test_words_never_seen_are_named_and_the_clip_is_made_all_the_same(pipe: Pipeline) -> None:
    with pytest.warns(PromptWarning, match="never trained on 'zebra', 'purple'") as caught:
        clip = pipe("a zebra hits a purple pipe", steps=1)
    assert len(caught) == 1
    assert clip.shape == pipe.model.shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe.check(ask(pipe))


@pytest.mark.parametrize("prompt", [".", "木 🔨", "ガラスの玉が跳ねる", "zebra"])
def test_a_prompt_without_any_known_word_is_said_to_be_so(pipe: Pipeline, prompt: str) -> None:
    with pytest.warns(PromptWarning, match="no word of this prompt is known to svg-tiny") as caught:
        pipe.check(ask(pipe, prompt, negative="wood"))
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("prompt", "negative", "named"),
    [
        (BALL, "no giraffe, no wood", "'no', 'giraffe'"),
        ("a ガラスの玉が跳ねる", "", "'ガラスの玉が跳ねる'"),
        (f"{BALL} Стекло", "café", "'стекло', 'café'"),
    ],
)
def test_words_never_seen_are_named_in_every_script_and_in_what_is_unwanted_too(
    pipe: Pipeline, prompt: str, negative: str, named: str
) -> None:
    with pytest.warns(PromptWarning, match=f"never trained on {named}: it"):
        pipe.check(ask(pipe, prompt, negative=negative))


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        ({"sampler": "eulr"}, "unknown sampler 'eulr': did you mean 'euler'"),
        ({"seconds": 60}, "up to 2 seconds"),
        ({"fps": 1000}, "choose --fps"),
        ({"steps": -1}, "choose 1 or more"),
        ({"steps": "3"}, "steps is '3': it should be a valid integer"),
        ({"seed": 1.5}, "seed is 1.5: it should be a valid integer"),
        ({"seed": True}, "seed is True: it should be a valid integer"),
        ({"guidance": "x"}, "guidance is 'x': it should be an instance of AV or a valid number"),
        ({"guidance": AV("x", 2.5)}, "guidance is 'x': it should be a valid number"),
        ({"guidance_interval": 3}, "guidance_interval is 3: it should be a valid tuple"),
        ({"gamma": "1"}, "gamma is '1': it should be a valid number"),
        ({"sampler": 3}, "sampler is 3: it should be a valid string"),
        ({"negative": None}, "negative is None: it should be a valid string"),
        ({"seconds": "x"}, "seconds 'x' is not a number: write for example 2"),
        ({"seconds": float("nan")}, "seconds nan is not a number"),
        ({"fps": [8]}, r"fps is \[8\]: it should be a valid number or a valid string or an instance of Fraction"),
        ({"negative": "wood " * 99}, "the negative prompt is too long: shorten it by 69 of its 99 words"),
    ],
)
def test_bad_settings_are_refused_with_the_fix(pipe: Pipeline, settings: dict, fix: str) -> None:
    with pytest.raises(SettingError, match=fix):
        pipe(BALL, **settings)


def test_a_prompt_that_is_no_text_is_refused(pipe: Pipeline) -> None:
    with pytest.raises(SettingError, match="prompt is None: it should be a valid string"):
        pipe(None)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("seconds", [1, 1.0, "1", Fraction(1), np.float32(1)])
def test_seconds_may_be_any_kind_of_number(pipe: Pipeline, seconds: object) -> None:
    assert pipe.settings(seconds=seconds).seconds == Fraction(1)


def test_an_exact_fraction_stays_exact(pipe: Pipeline) -> None:
    assert pipe.settings(fps=Fraction(24000, 1001)).fps == Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"batch": 0}, "batch is 0: it should be greater than or equal to 1"),
        ({"batch": "2"}, "batch is '2': it should be a valid integer"),
        ({"threads": 0}, "threads is 0: it should be greater than or equal to 1"),
        ({"device": 0}, "device is 0: it should be a valid string"),
        ({"name": 3}, "name is 3: it should be a valid string or an instance of Path"),
    ],
)
def test_options_of_another_kind_are_refused_before_anything_is_loaded(options: dict, fix: str) -> None:
    with pytest.raises(SettingError, match=fix):
        load(**options)


def test_an_option_that_does_not_exist_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="bacth"):
        load("svg-tiny", bacth=2)  # pyright: ignore[reportCallIssue]


def test_a_clip_is_saved_with_its_sidecar_and_made_again_from_it(pipe: Pipeline, tmp_path: Path) -> None:
    clip = pipe(BALL, steps=2, seed=7)
    path = clip.save(tmp_path / "x.mkv", lossless=True)
    sidecar = read_sidecar(tmp_path / "x.json")
    assert (sidecar.film_sha256, dict(sidecar.files)) == (file_sha256(path), {"film": "x.mkv"})
    (again,) = pipe.stream([pipe.remake(sidecar, tmp_path)])
    assert same(again.clip, read(path))


@pytest.mark.parametrize("existing", ["x.mp4", "x.json"])
def test_a_saved_clip_and_its_sidecar_replace_nothing_unasked(pipe: Pipeline, tmp_path: Path, existing: str) -> None:
    clip = pipe(BALL, steps=1)
    (tmp_path / existing).write_bytes(b"mine")
    with pytest.raises(MediaError, match=rf"{existing} exists already: .*force=True"):
        clip.save(tmp_path / "x.mp4")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]
    clip.save(tmp_path / "x.mp4", force=True)
    assert read_sidecar(tmp_path / "x.json").prompt == BALL


def test_a_setting_that_does_not_exist_offers_the_nearest(pipe: Pipeline) -> None:
    with pytest.raises(SettingError, match="did you mean 'steps'"):
        pipe(BALL, stepps=2)


def test_a_pipeline_prints_in_one_line(pipe: Pipeline) -> None:
    assert len(repr(pipe).splitlines()) == 1 and "16000 Hz" in repr(pipe)


def test_every_request_is_checked_before_the_first_clip(pipe: Pipeline) -> None:
    with pytest.raises(SettingError, match="too long"):
        next(pipe.stream([ask(pipe), ask(pipe, "wood " * 200)]))


def colour_film(pipe: Pipeline, value: int) -> Clip:
    shape = pipe.model.shape
    frames = np.full((shape.frames, shape.height, shape.width, 3), value, np.uint8)
    frames[3:6, 10:30, 10:30] = 255 - value
    return Clip(frames, None, shape.fps, 0)


def test_a_dubbed_picture_is_kept_bit_for_bit_and_its_sound_depends_on_it(pipe: Pipeline) -> None:
    dark, light = colour_film(pipe, 20), colour_film(pipe, 220)
    dubbed = pipe.dub(dark, BALL, steps=2)
    assert np.array_equal(dubbed.frames, dark.frames)
    assert dubbed.shape == pipe.model.shape
    assert not np.array_equal(dubbed.audio, pipe.dub(light, BALL, steps=2).audio)


def test_an_illustrated_sound_is_kept_bit_for_bit_and_its_picture_depends_on_it(pipe: Pipeline) -> None:
    shape = pipe.model.shape
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, shape.samples)).astype(np.float32)
    loud, quiet = Clip(None, noise, Fraction(0), 16_000), Clip(None, noise / 50, Fraction(0), 16_000)
    made = pipe.illustrate(loud, BALL, steps=2)
    assert np.array_equal(made.audio, noise)
    assert made.shape == shape
    assert not np.array_equal(made.frames, pipe.illustrate(quiet, BALL, steps=2).frames)


def test_a_given_film_is_read_in_the_shape_of_the_model_and_found_again(pipe: Pipeline, tmp_path: Path) -> None:
    from phonofilm.pipelines.given import PICTURE, take_given

    frames = np.repeat(np.random.default_rng(0).integers(0, 256, (1, 90, 160, 3), np.uint8), 75, axis=0)
    film = Clip(frames, None, Fraction(25), 0).save(tmp_path / "silent.mp4")
    settings = pipe.settings(steps=1)
    request = Request(BALL, 0, settings, take_given(film, PICTURE, pipe.shape(settings)))
    (made,) = pipe.stream([request])
    assert made.clip.frames.shape == (16, 64, 64, 3)
    (again,) = pipe.stream([pipe.remake(made.sidecar, tmp_path)])
    assert same(again.clip, made.clip)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    film.rename(moved / "silent.mp4")
    assert pipe.remake(made.sidecar, moved).given is not None
    with pytest.raises(MediaError, match=r"missing or has changed: put .*silent\.mp4 back"):
        pipe.remake(made.sidecar, tmp_path)


def test_what_a_given_film_lacks_is_said(pipe: Pipeline, tmp_path: Path) -> None:
    film = colour_film(pipe, 9).save(tmp_path / "silent.mp4")
    with pytest.raises(MediaError, match=r"silent\.mp4 has no sound"):
        pipe.illustrate(film, BALL)
    short = Clip(colour_film(pipe, 9).frames[:5], None, pipe.model.shape.fps, 0).save(tmp_path / "short.mp4")
    with pytest.raises(MediaError, match=r"short\.mp4 has 5 of the 16 frames"):
        pipe.dub(short, BALL)


def test_a_clip_of_another_size_is_refused_with_how_to_read_it(pipe: Pipeline) -> None:
    wide = Clip(np.zeros((16, 7, 11, 3), np.uint8), None, Fraction(8), 0)
    with pytest.raises(MediaError, match=r"size=\(64, 64\)"):
        pipe.dub(wide, BALL)


def test_loading_tells_weights_apart(tmp_path: Path) -> None:
    first, second = load(save_tiny_model(tmp_path / "a", seed=1)), load(save_tiny_model(tmp_path / "b", seed=2))
    assert first.fingerprint != second.fingerprint
    assert load(tmp_path / "a").fingerprint == first.fingerprint


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "m")
    network = folder / "network.safetensors"
    network.write_bytes(network.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"network\.safetensors cannot be read as weights"):
        load(folder)


def test_foreign_folders_and_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a model"):
        load(tmp_path)
    with pytest.raises(SettingError, match="unknown model 'svg-tinny': did you mean 'svg-tiny'"):
        load("svg-tinny")
    with pytest.raises(SettingError, match="unknown device 'gpu'"):
        load("svg-tiny", device="gpu")
