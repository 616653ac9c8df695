from phonofilm.benchmarks.rulers.judging import judged
from phonofilm.benchmarks.rulers.page import markdown
from phonofilm.benchmarks.rulers.summary import in_short
from phonofilm.benchmarks.rulers.variants import TRUE, shifted, shifts, variants


def score(value, better, spread=0.01, n=100, chance=0.1):
    interval = (value - 1.96 * spread, value + 1.96 * spread)
    common = {"unit": "", "chance": chance, "reason": None}
    return {"value": value, "interval": interval, "n": n, "better": better, **common}


def row(name, of, better="higher", published=None, spread=0.01, n=100, **rest):
    values = {shifted(ms): score(of(ms), better, spread, n) for ms in shifts()}
    values |= {variant: score(value, better, spread, n) for variant, value in rest.items()}
    found = judged(name, values, {32: []} if n > 32 else {}, [])
    about = {"definition": f"{name}@1", "published": published, "uses": [True, True], "against_itself": False}
    return {**about, "refused": {}, "scores": {name: found}}


def ground(title, n, *rows):
    plain = {
        "title": title,
        "about": {},
        "n": n,
        "skipped": {},
        "variants": [v.to_json() for v in variants(scenes=True)],
    }
    return {**plain, "metrics": {next(iter(one["scores"])): one for one in rows}}


def results(*grounds, **left_out):
    return {"command": "phonofilm bench rulers", "versions": {}, "left_out": left_out, "grounds": list(grounds)}


HUMPED = row(
    "avalign-svg",
    lambda ms: {-67: 0.9, 300: 0.6}.get(ms, 0.8 if abs(ms) < 100 else 0.3),
    published="a paper",
    **{"swapped": 0.1, "jitter 33 ms": 0.8, "blur": 0.9, "added 1": 0.95, "true at 12 fps": 0.9},
)
ERROR = row(
    "sync-error",
    lambda ms: 10.0 + abs(ms),
    "lower",
    spread=0.1,
    **{"noise 0 dB": 200.0, "swapped": 300.0, "blur": 10.0},
)
ERROR_ON_FILMS = row("sync-error", lambda ms: 150.0 if ms == -67 else 170 + abs(ms) / 10, "lower", spread=50.0, n=6)
OFFSET = row("sync-offset", float, "nearer zero", spread=0.5)


def test_what_a_published_metric_sees_and_does_not_see():
    (line,) = [one for one in in_short(results(ground("Scenes", 100, HUMPED))).splitlines() if "avalign-svg" in one]
    assert line == (
        "- **avalign-svg** (a paper): best with sound 67 ms early; sees shifts from 100 ms, but calls some larger ones "
        "better than smaller ones; sees the sound of another clip; does not see jitter 33 ms; calls sound better that "
        "is early by 67 ms; calls clips better with added 1; moves, though all is in time, with 12 fps and blur."
    )


def test_which_number_to_use_and_where_it_fails():
    text = in_short(results(ground("Scenes", 100, ERROR, OFFSET), ground("Films", 6, ERROR_ON_FILMS, OFFSET)))
    use, sign, fails = [line for line in text.splitlines() if "sync-" in line][:3]
    assert use.startswith("- **Use `sync-error`**")
    assert "Scenes (n = 100): 10.0 (9.80 to 10.2) as they are, 110 with sound 100 ms late" in use
    assert "best in time; tells shifts from 17 ms on with 32 and all 100 clips." in use
    assert sign.startswith("- **Use `sync-offset`**") and "Films (n = 6)" in sign
    assert "Scenes (n = 100) that are in time: 200 for noise 0 dB, not 10.0." in fails
    assert "Films (n = 6): 170 (72.0 to 268) as they are, 0.10 by chance; alike at all shifts within noise, " in fails
    assert "within noise, best with sound 67 ms early" in fails
    assert "sees no shift for sure" in fails


def test_what_was_not_run_is_told_once_for_all_that_miss_the_same(tmp_path):
    missing = results(
        ground("Scenes", 100, HUMPED), a="weights x are needed", b="weights y are needed", c="weights x are needed"
    )
    assert "**Not run, so not judged**: a, b and c" in in_short(missing)
    text = markdown(missing, tmp_path / "page.md")
    assert text.endswith("## Not run\n\n- a and c: weights x are needed\n- b: weights y are needed")
    assert TRUE not in text.split("## Not run")[1]
