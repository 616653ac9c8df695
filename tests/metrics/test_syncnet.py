"""SyncNet and the faces it looks at: networks and rules against public code, and clips that do not count."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from phonofilm.errors import MediaError, SettingError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features import s3fd
from phonofilm.metrics._features._cepstra import cepstra
from phonofilm.metrics._features._faces import Rules, Track, apart, cropped, shots, tracks
from phonofilm.metrics._features._s3fd import S3fdNet
from phonofilm.metrics._features._s3fd import Sizes as FaceSizes
from phonofilm.metrics._features._syncnet import Sizes, SyncNetNet
from phonofilm.metrics._features.syncnet import Speaker, SyncNet, levels, speakers
from phonofilm.metrics.syncnet import distances, sync
from tests.metrics.tiny.synchformer import drawn
from tests.metrics.tiny.syncnet import FACES, SIDE, SMALL, give, voices


@torch.no_grad()
def test_syncnet_is_the_public_one():
    """Numbers of syncnet_python's class with fewer channels, with the same weights and the same input."""
    network = SyncNetNet(SMALL).eval()
    network.load_state_dict(network.state_dict() | voices())
    rng = np.random.default_rng(12)
    faces = torch.from_numpy(rng.uniform(0, 255, (2, 3, 5, 224, 224)).astype(np.float32))
    sound = torch.from_numpy(rng.normal(0, 10, (2, 1, 13, 20)).astype(np.float32))
    lips = [175697.6875, 36008.6875, -12826.79, -98095.2656, -106870.7891, 203666.5625, -242067.1875, 85859.1094]
    np.testing.assert_allclose(network.lips(faces)[1], lips, rtol=1e-4)
    heard = [-16.7997, 3.419, 19.0622, 74.0649, 12.5683, 34.0259, 20.0485, -66.8386]
    np.testing.assert_allclose(network.sound(sound)[1], heard, rtol=1e-4)


@torch.no_grad()
def test_the_detector_is_the_public_one():
    """Numbers of syncnet_python's classes with fewer channels, with the same weights and the same input."""
    network = S3fdNet(FACES).eval()
    network.load_state_dict(drawn(network, 9, 0.12))
    picture = torch.from_numpy(np.random.default_rng(13).normal(0, 60, (1, 3, 44, 70)).astype(np.float32))
    sure, corners = network(picture)
    assert sure.shape == (1, 257)
    at = [0, 100, -30, -20, -8, -3, -2, -1]
    np.testing.assert_allclose(
        sure[0, at], [0.44008, 0.43493, 0.55068, 0.5473, 0.42706, 0.52876, 0.53462, 0.5579], atol=2e-5
    )
    expected = [
        [-0.0861, -0.1354, 0.146, 0.2274],
        [0.7706, 0.3201, 1.0028, 0.6792],
        [0.2825, 0.4503, 0.7556, 1.1767],
        [0.3952, 0.6345, 0.8635, 1.3594],
        [-0.3271, 0.1703, 0.5388, 1.644],
        [-0.2282, -1.1424, 1.5795, 1.8742],
        [-1.3741, -2.2282, 2.3984, 3.4912],
        [-2.6764, -4.6142, 4.5827, 7.325],
    ]
    np.testing.assert_allclose(corners[0, at], expected, atol=2e-4)


def test_the_published_layouts():
    """Tensors and numbers of syncnet_python's classes."""
    with torch.device("meta"):
        both = SyncNetNet(Sizes()), S3fdNet(FaceSizes())
    sizes = [(len(one.state_dict()), sum(value.numel() for value in one.state_dict().values())) for one in both]
    assert sizes == [(102, 13_640_270), (65, 22_459_110)]


def test_cepstra_are_those_of_python_speech_features():
    t = np.arange(1600)
    sound = np.round(
        8000 * np.sin(2 * np.pi * 440 * t / 16000) + 3000 * np.sin(2 * np.pi * 3000 * t / 16000 + t**2 / 1e5)
    )
    found = cepstra(sound)
    assert found.shape == (9, 13)
    third = [20.97704, 0.65275, 5.28289, 34.17813, -40.12034, -45.40712, 3.22857, -32.53703, -8.7468, 39.263]
    np.testing.assert_allclose(found[3], [*third, 3.56902, 12.41476, 30.47582], atol=1e-4)
    np.testing.assert_allclose(found[-1, :4], [20.76852, 0.69945, -1.41918, 28.15646], atol=1e-4)
    assert np.isfinite(cepstra(np.zeros(900))).all()
    assert [len(cepstra(np.ones(n))) for n in (1, 400, 401, 560, 561)] == [1, 1, 2, 2, 3]


def test_sound_is_in_whole_levels():
    assert levels(np.array([0.5, -1, 1, 1e-5], np.float32)).tolist() == [16384, -32768, 32767, 0]


def square(left, top, side):
    return np.array([left, top, left + side, top + side], np.float64)


def test_of_squares_that_share_much_the_surest_is_kept():
    boxes = np.array([square(0, 0, 10), square(1, 0, 10), square(30, 0, 10), square(7, 0, 10)])
    assert apart(boxes, np.array([0.5, 0.9, 0.7, 0.6]), 0.3).tolist() == [1, 2, 3]
    assert apart(boxes, np.array([0.5, 0.9, 0.7, 0.6]), 0.2).tolist() == [1, 2]
    assert apart(np.empty((0, 4)), np.empty(0), 0.3).tolist() == []


def test_squares_are_thinned_out_twice():
    boxes = np.array([square(x, 0, 10) for x in (0, 6.5, 10.5, 40)])  # neighbours share 0.21 and 0.43
    sure = np.array([0.99, 0.98, 0.95, 0.9])
    assert s3fd.faces(sure, boxes)[:, 0].tolist() == [0]  # the third goes for the second, which goes for the first
    assert s3fd.faces(sure[1:], boxes[1:])[:, 0].tolist() == [6.5]


RULES = Rules(frames=5, face=20, missed=3)


def test_a_face_is_followed_over_gaps():
    there = [np.array([square(10 + 2 * i, 5, 30), square(200, 5, 30)]) for i in range(10)]
    there[4] = there[4][1:]
    one, other = tracks(there, 7, RULES)
    assert (one.first, other.first) == (7, 7)
    np.testing.assert_allclose(one.boxes[:, 0], 10 + 2 * np.arange(10))
    np.testing.assert_allclose(other.boxes, np.tile(square(200, 5, 30), (10, 1)))


@pytest.mark.parametrize(
    ("seen", "side", "expected"),
    [
        ([True] * 6, 30, [(0, 6)]),
        ([True] * 5, 30, []),  # more than 5 are needed
        ([True] * 9, 20, []),  # larger than 20 is needed
        ([True] * 6 + [False] * 2 + [True] * 6, 30, [(0, 14)]),
        ([True] * 6 + [False] * 3 + [True] * 6, 30, [(0, 6), (9, 6)]),
        ([False] * 3 + [True] * 7, 30, [(3, 7)]),
    ],
)
def test_what_makes_a_track(seen, side, expected):
    boxes = [np.array([square(9, 9, side)] * here).reshape(-1, 4) for here in seen]
    assert [(track.first, len(track.boxes)) for track in tracks(boxes, 0, RULES)] == expected


def test_a_jump_ends_a_track():
    boxes = [square(10 if i < 6 else 25, 0, 30)[None] for i in range(12)]  # a third is shared
    assert [(track.first, len(track.boxes)) for track in tracks(boxes, 0, RULES)] == [(0, 6), (6, 6)]


def test_shots_begin_where_colours_change():
    def plain(length, colour):
        return [np.full((6, 8, 3), colour, np.uint8)] * length

    film = plain(20, (10, 10, 10)) + plain(3, (200, 200, 200)) + plain(20, (10, 10, 10)) + plain(9, (30, 30, 30))
    assert shots(film) == [(0, 20), (20, 52)]  # 190 / 3 levels; the next cut comes too soon, the last is too slight
    assert shots(plain(4, (9, 9, 9))) == [(0, 4)]
    assert [len(shots(plain(5, (9,) * 3) + plain(5, (9 + more,) * 3))) for more in (89, 90)] == [1, 2]
    assert [len(shots(plain(9, (9,) * 3) + plain(n, (200,) * 3) + plain(9, (9,) * 3))) for n in (14, 15)] == [2, 3]


def test_faces_are_cut_out_with_what_lies_below():
    rows, columns = np.mgrid[:120, :160].astype(np.uint8)
    frame = np.stack([columns, rows, np.full_like(rows, 7)], axis=-1)
    track = Track(0, np.tile(square(60, 30, 40), (20, 1)))
    face = cropped(np.stack([frame] * 20), track, Rules())[10]
    assert face.shape == (224, 224, 3)
    # half a side is 20: 28 pixels to the left and right of the middle (80, 50), 20 above it and 36 below
    np.testing.assert_allclose([face[0, 0, 0], face[0, 0, 1]], [52, 30], atol=1)
    np.testing.assert_allclose([face[-1, -1, 0], face[-1, -1, 1]], [107, 85], atol=1)
    beyond = cropped(np.stack([frame] * 20), Track(0, np.tile(square(-10, 100, 40), (20, 1))), Rules())[10]
    assert (beyond[-1, 0] == 110).all()
    assert (beyond[0, -1] != 110).any()


def test_single_slips_of_the_detector_are_smoothed_away():
    frames = np.random.default_rng(0).integers(0, 256, (30, 90, 90, 3), np.uint8)
    still = Track(0, np.tile(square(20, 20, 40), (30, 1)))
    slipped = Track(0, still.boxes.copy())
    slipped.boxes[15] += 9
    slipped.boxes[12, 2:] += 14
    np.testing.assert_array_equal(cropped(frames, still, Rules())[8:22], cropped(frames, slipped, Rules())[8:22])


def speaker(late, n=50):
    rng = np.random.default_rng(4)
    lips = rng.normal(0, 1, (n, 8)).astype(np.float32)
    return Speaker(lips, (np.roll(lips, late, 0) + rng.normal(0, 0.5, (n, 8))).astype(np.float32))


def test_sync_is_the_public_number():
    """Of ``calc_pdist`` and what follows it in syncnet_python."""
    found = sync(speaker(3))
    assert (found.confidence, found.distance) == pytest.approx((2.475206, 1.504756), abs=1e-5)
    assert int(distances(speaker(3)).argmin()) == 15 + 3


def test_beyond_the_ends_the_sound_is_nothing():
    one = Speaker(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0]]))
    np.testing.assert_allclose(distances(one), 5, atol=1e-5)
    same = Speaker(np.array([[3.0, 4.0]]), np.array([[3.0, 4.0]]))
    assert distances(same)[15] == pytest.approx(0, abs=1e-5)
    assert sync(same).confidence == pytest.approx(5, abs=1e-5)


def film(seconds=2.0, fps=25, side=64, seed=1, sound=None):
    """A coloured picture that flickers, but is not cut."""
    rng = np.random.default_rng(seed)
    plain = rng.integers(50, 200, (side, side, 3))
    frames = (plain + rng.integers(-9, 10, (round(seconds * fps), side, side, 3))).astype(np.uint8)
    audio = rng.normal(0, 0.1, (1, round((sound or seconds) * 16_000))).astype(np.float32)
    return Subject("a film", Clip(frames, audio, Fraction(fps), 16_000))


@pytest.fixture
def given(tmp_path, monkeypatch):
    return Given(weights=give(tmp_path, monkeypatch))


def test_faces_are_found_in_the_full_picture(given):
    found = s3fd.Faces(given)(film())
    assert (found["first"].tolist(), found["length"].tolist()) == ([0], [50])
    np.testing.assert_allclose(found["boxes"], np.tile(square(12, 12, SIDE), (50, 1)), atol=1e-4)


def test_the_detector_sees_red_green_and_blue_less_their_means(given, monkeypatch):
    seen = []

    def nobody(pictures):
        seen.append(pictures)
        return torch.zeros(len(pictures), 1), torch.zeros(len(pictures), 1, 4)

    faces = s3fd.Faces(given)
    faces.__dict__["network"] = nobody
    monkeypatch.setattr(s3fd, "RULES", Rules(scale=0.5, frames=2))
    plain = np.full((3, 64, 80, 3), (200, 100, 50), np.uint8)
    found = faces(Subject("a film", Clip(plain, np.zeros((1, 1920), np.float32), Fraction(25), 16_000)))
    assert found["boxes"].shape == (0, 4)
    assert seen[0].shape == (3, 3, 32, 40)
    assert seen[0][0, :, 5, 5].tolist() == [200 - 123, 100 - 117, 50 - 104]


def test_windows_begin_with_each_frame_but_the_last_five(given):
    subject = film()
    found = SyncNet(given)(subject)
    assert {name: value.shape for name, value in found.items()} == {"lips": (45, 8), "sound": (45, 8), "length": (1,)}
    network = SyncNetNet(SMALL).eval()
    network.load_state_dict(network.state_dict() | voices())
    track = Track(0, s3fd.Faces(given)(subject)["boxes"])
    faces = cropped(subject.whole().video, track, s3fd.RULES)[7:12, :, :, ::-1].copy()
    heard = cepstra(levels(subject.whole().audio[0]))[28:48].T.astype(np.float32)
    with torch.no_grad():
        lips = network.lips(torch.from_numpy(faces).permute(3, 0, 1, 2)[None].float())[0]
        sound = network.sound(torch.from_numpy(heard)[None, None])[0]
    np.testing.assert_allclose(found["lips"][7], lips, rtol=1e-3)
    np.testing.assert_allclose(found["sound"][7], sound, rtol=1e-3)


def test_a_face_that_appears_later_speaks_from_there(given):
    """The same as of the whole film, but near the track's ends, where the median of 13 boxes and cepstra are others."""
    extractor, subject, boxes = SyncNet(given), film(), np.tile(square(12, 12, SIDE), (50, 1))
    whole, later = (extractor._speaker(subject, Track(first, boxes[first:])) for first in (0, 7))
    np.testing.assert_allclose(later.lips[6:30], whole.lips[13:37], rtol=1e-4)
    np.testing.assert_allclose(later.sound[1:30], whole.sound[8:37], rtol=1e-4)


def test_the_shorter_of_picture_and_sound_ends_the_windows(given):
    assert SyncNet(given)(film(sound=1.0))["length"].tolist() == [20]


def test_speakers_without_a_window_are_left_out():
    arrays = {"lips": np.arange(6.0).reshape(3, 2), "sound": np.zeros((3, 2)), "length": np.array([2, 0, 1])}
    assert [one.lips.tolist() for one in speakers(arrays)] == [[[0, 1], [2, 3]], [[4, 5]]]


def test_a_clip_is_the_mean_of_its_faces(given):
    metric = find("syncnet", given)
    one, other = speaker(0), speaker(5)
    found = {score.name: score for score in metric.scores([[one, other]], None, 0)}
    assert found["sync-d"].value == pytest.approx((sync(one).distance + sync(other).distance) / 2)
    assert found["sync-c"].value == pytest.approx((sync(one).confidence + sync(other).confidence) / 2)
    assert (found["sync-c"].better.value, found["sync-d"].better.value) == ("higher", "lower")


def test_chance_is_a_foreign_voice(given):
    mute = Speaker(speaker(0).lips[:30], np.zeros((30, 8), np.float32))
    scores = find("syncnet", given).scores([[speaker(0)], [mute]], None, 0)
    truly = (
        sync(Speaker(speaker(0).lips[:30], mute.sound)).distance,
        sync(Speaker(mute.lips, speaker(0).sound)).distance,
    )
    assert scores[1].chance == pytest.approx(np.mean(truly))


@pytest.mark.parametrize("subject", [film(0.8), film(side=27)], ids=["short", "tiny"])
def test_clips_without_a_face_do_not_count(given, subject):
    metric = find("syncnet", given)
    assert metric.measure(subject) is None
    assert all("no clip shows a face" in score.reason for score in metric.scores([], None, 0))


def test_the_published_rules_need_more_than_4_s():
    assert Rules() == Rules(scale=0.25, sure=0.9, overlap=0.5, missed=25, frames=100, face=100, margin=0.4)
    still = [square(9, 9, 101)[None]] * 101
    assert len(tracks(still, 0, Rules())) == 1
    assert tracks(still[:100], 0, Rules()) == []


def test_silent_films_are_named(given):
    dumb = Subject("a film", Clip(film().clip.frames, None, Fraction(25), 16_000))
    with pytest.raises(MediaError, match="a film has no sound"):
        find("syncnet", given).measure(dumb)


@pytest.mark.parametrize("missing", ["syncnet", "s3fd"])
def test_both_weights_are_asked_for(given, missing):
    left = {name: path for name, path in given.weights.items() if name != missing}
    with pytest.raises(SettingError, match=f"--weights {missing}=PATH"):
        find("syncnet", Given(weights=left))


def test_swapped_files_are_found_out(given):
    swapped = Given(weights={"syncnet": given.weights["s3fd"], "s3fd": given.weights["syncnet"]})
    with pytest.raises(WeightsError, match=r"syncnet_v2.model lacks 'L2Norm3_3.weight'"):
        find("syncnet", swapped).measure(film())


def test_scores_tell_of_both_networks(given):
    about = find("syncnet", given).about
    assert "syncnet-" in about.extractor and "s3fd-" in about.extractor
    assert about.resampler == "mean of the channels, soxr HQ to 16000 Hz"
