import pytest

from phonofilm.benchmarks.rulers.judging import best, deviation, judged, monotone, resolution, seen, slope
from phonofilm.benchmarks.rulers.variants import TRUE, shifted, shifts
from phonofilm.benchmarks.rulers.words import sentences


def score(value, spread=0.01, better="higher", n=100, chance=None):
    interval = None if value is None else (value - 1.96 * spread, value + 1.96 * spread)
    return {
        "value": value,
        "interval": interval,
        "n": n,
        "better": better,
        "unit": "",
        "chance": chance,
        "reason": None,
    }


def curve(of, **rest):
    return {ms: score(of(ms), **rest) for ms in shifts()}


FALLING = curve(lambda ms: 1 - abs(ms) / 500)


def test_a_falling_score():
    assert (best(FALLING), monotone(FALLING), slope(FALLING)) == (0, True, pytest.approx(0.2))


def test_resolution_shrinks_with_the_number_of_clips():
    """A difference of 2 ms / 1000 a ms; noise 0.1 at 1 clip, so 1.96 sqrt(2) 0.1 / sqrt(n) must be exceeded."""
    found = {n: resolution(FALLING, n, None) for n in (4, 25, 100, 10_000)}
    assert found == {4: 100, 25: 33, 100: 17, 10_000: 17}
    assert resolution(curve(lambda ms: 0.5), 100, None) is None


def test_what_is_seen_on_one_side_only_is_not_seen():
    onesided = curve(lambda ms: 1 - max(ms, 0) / 500)
    assert resolution(onesided, 100, None) is None
    assert monotone(onesided) is None, "early sound costs nothing: not shown to get worse"


def test_two_humps_are_not_monotone_and_not_best_at_zero():
    humps = curve(lambda ms: 0.9 if abs(ms) == 67 else 0.5)
    assert (best(humps), monotone(humps)) == (-67, False)
    within_noise = curve(lambda ms: 0.51 if abs(ms) == 67 else 0.5)
    assert monotone(within_noise) is None


def test_monotone_is_not_told_where_noise_may_hide_what_goes_up():
    """A fall that is seen, with a rise within noise: neither yes nor no."""
    assert monotone(curve(lambda ms: 1 - abs(ms) / 500 + 0.01 * (abs(ms) == 400) * 21)) is None
    assert monotone(curve(lambda ms: 1 - abs(ms) / 500 + 0.1 * (abs(ms) == 400) * 5)) is False
    assert monotone(curve(lambda ms: 0.5)) is None


@pytest.mark.parametrize(("better", "sign"), [("higher", -1), ("lower", 1)])
def test_either_way_may_be_better(better, sign):
    found = curve(lambda ms: sign * abs(ms) / 100, better=better)
    assert (best(found), monotone(found), slope(found)) == (0, True, pytest.approx(1))
    assert resolution(found, 100, None) == 17


def test_an_offset_is_better_nearer_zero():
    found = curve(lambda ms: float(ms - 5), better="nearer zero", spread=1.0)
    assert (best(found), slope(found), resolution(found, 100, None)) == (0, pytest.approx(95), 17)


def test_deviation_of_sets_or_of_the_interval():
    true = score(0.5, spread=0.03, n=900)
    assert deviation([1.0, 3.0] * 8, true, 225) == pytest.approx(1.0328, abs=1e-4)
    assert deviation([1.0, 3.0] * 2, true, 225) == pytest.approx(0.06), "four sets tell no deviation"
    assert deviation([], score(0.5) | {"interval": None}, 10) is None


def test_differences_beyond_noise_are_seen():
    true = score(0.5)
    assert [seen(true, score(value)) for value in (0.4, 0.49, 0.6)] == ["worse", "unsure", "better"]
    assert [seen(true, score(0.49), little) for little in (0.03, 0.04)] == ["unsure", "no"]
    assert seen(true, true | {"interval": (0.5, 0.5)}) == "unsure"
    assert seen(true, score(None)) is None
    assert seen(true | {"interval": None}, score(0.1)) is None


@pytest.mark.parametrize(
    ("better", "difference", "said"),
    [
        ("higher", [-0.02, -0.01], "worse"),
        ("lower", [-0.02, -0.01], "better"),
        ("nearer zero", [0.01, 0.02], "worse"),
        ("higher", [-0.01, 0.02], "no"),
        ("higher", [-0.01, 0.04], "unsure"),
        ("higher", [0.0, 0.0], "no"),
    ],
)
def test_the_same_clips_tell_more_than_two_sets(better, difference, said):
    """The intervals of both are far wider than that of their difference."""
    true, other = score(0.5, spread=1.0, better=better), score(0.49, spread=1.0, better=better)
    assert seen(true, other | {"difference": difference}, 0.03) == said


def test_a_quarter_of_the_most_that_is_lost_is_little():
    close, far = score(0.98) | {"difference": [-0.03, 0.01]}, score(0.6) | {"difference": [-0.45, -0.35]}
    found = judged("avalign-svg", {TRUE: score(1.0), "blur": close, "swapped": far}, {}, [])
    assert found["sees"] == {"blur": "no", "swapped": "worse"}
    found = judged("avalign-svg", {TRUE: score(1.0), "blur": close}, {}, [])
    assert found["sees"] == {"blur": "unsure"}


def test_a_signed_offset_has_no_chance():
    for better, chance in (("higher", 0.1), ("nearer zero", None)):
        values = {TRUE: score(0.5, better=better), "swapped": score(0.1, better=better)}
        assert judged("sync-offset", values, {}, [])["chance"] == chance


ROW = {"uses": [True, True], "against_itself": False}


def words(values, single=1.0, identity=(), row=ROW):
    found = judged("avalign-svg", values, {32: [], 64: [], 512: []}, [0.2, single], identity, **itself(row))
    return " ".join(sentences(found, row))


def itself(row):
    return {"against_itself": row["against_itself"]}


def of_curve(found, **rest):
    values = {shifted(ms): one for ms, one in found.items()}
    values[TRUE] = values[TRUE] | {"chance": 0.1}
    return values | rest


def test_sentences_say_what_was_found():
    text = words(of_curve(FALLING, swapped=score(0.1), blur=score(1.0)))
    assert "True clips score 1.00" in text
    assert "of at most 1; with other sounds 0.10" in text
    assert "best where sound and picture are in time" in text
    assert "It gets worse, and nowhere better, with larger shifts" in text
    assert "from 33 ms on with 32 and 64 clips; from 17 ms on with all 100 clips" in text
    assert "Worse for it are: swapped. It does not see: blur." in text
    text = words(of_curve(FALLING, blur=score(0.95, spread=0.3)))
    assert "These clips do not tell whether it sees: blur." in text
    assert "A single clip" not in text


def test_sentences_say_what_is_wrong():
    humps = of_curve(curve(lambda ms: 0.9 if abs(ms) == 67 else 0.5))
    text = words(humps | {shifted(0, one): score(0.8) for one in (12, 8)}, single=3.0)
    assert "not in time but with the sound 67 ms early (0.90)" in text
    assert "better again somewhere" in text
    assert "0.50 at 24, 0.80 at 12 and 0.80 at 8: beyond noise, 12 and 8 differ, by 75% and 75% of the way" in text
    assert "A single clip scored 3.00" in text
    flat = words(of_curve(curve(lambda ms: 0.5)))
    assert "No shift of the sound changes it beyond its noise in 100 clips" in flat
    unknown = {name: one | {"interval": None} for name, one in of_curve(FALLING).items()}
    assert "noise is not known" in words(unknown)


def test_nothing_is_told_of_larger_sets_than_there_are():
    found = judged("avalign-svg", of_curve(FALLING), {32: [], 128: []}, [])
    assert (found["noise"]["128"], set(found["resolution"])) == (None, {"32", "all"})
    assert found["noise"]["all"] == pytest.approx(0.01)


def test_what_is_compared_with_itself_has_no_noise_to_tell():
    row = {"uses": [False, True], "against_itself": True}
    found = judged("onset-f1", of_curve(FALLING), {32: [1.0] * 4}, [], against_itself=True)
    assert (found["noise"], found["resolution"]) == ({"32": None, "all": None}, {})
    text = words(of_curve(FALLING), row=row)
    assert "true clips are compared with themselves" in text
    assert "does not look at the picture" in text
    assert "ms on with" not in text


@pytest.mark.parametrize(
    ("moved", "said"), [(0.51, "alike within noise"), (0.56, "beyond noise, 12 differs, by 15% of")]
)
def test_frame_rates_are_compared_within_noise_only(moved, said):
    assert said in words(of_curve(curve(lambda ms: 0.5)) | {shifted(0, 12): score(moved)})


def test_identity_that_is_not_the_greatest_value_is_told():
    text = words(of_curve(FALLING), identity=[1.0, 0.5, None])
    assert "hold the very same times, a clip scores from 0.50 to 1.00, not 1" in text
    assert "the very same times" not in words(of_curve(FALLING), identity=[1.0, 1.0])
