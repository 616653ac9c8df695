import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from phonofilm.errors import SettingError
from phonofilm.metrics import About, Source, Subject
from phonofilm.metrics._kinds.divergence import SPLITS, Divergence, Inception
from phonofilm.metrics._kinds.paired import Named
from phonofilm.metrics._maths.divergence import floored_kl, inception, kl

LOGITS = 3 * np.random.default_rng(2).standard_normal((101, 13))


def test_kl_is_scipys():
    own, true = LOGITS[:2]
    assert kl(own, true) == pytest.approx(entropy(softmax(true), softmax(own)), rel=1e-12)
    assert kl(own, own) == 0


def test_kl_is_that_of_the_public_code():
    """Numbers of av-benchmark's ``compute_kl`` and audioldm_eval's ``calculate_kl`` (softmax) on these logits."""
    pairs = list(zip(LOGITS[:50], LOGITS[50:100], strict=True))
    assert np.mean([kl(*pair) for pair in pairs]) == pytest.approx(4.730155561824083, rel=1e-10)
    assert np.mean([floored_kl(*pair) for pair in pairs]) == pytest.approx(4.712341022797921, rel=1e-10)


def test_a_class_that_the_clip_rules_out_is_dear_and_has_an_upper_bound_with_a_floor():
    sure, opposite = np.array([800.0, 0.0, -800.0]), np.array([-800.0, 0.0, 800.0])
    assert kl(sure, opposite) == pytest.approx(1600)
    assert floored_kl(sure, opposite) == pytest.approx(np.log(1e6))


def test_the_inception_score_is_that_of_the_public_code():
    """torchmetrics' ``InceptionScore`` 1.9.0 (one split), av-benchmark's ``compute_isc`` (ten, as they come)."""
    assert inception(LOGITS)[0] == pytest.approx(4.568692345006732, rel=1e-10)
    assert inception(LOGITS, 10) == pytest.approx((3.6612150714621805, 0.6179224327320556), rel=1e-10)


def test_the_inception_score_of_sure_and_even_classes_is_their_number():
    assert inception(1000 * np.eye(7))[0] == pytest.approx(7)
    assert inception(np.zeros((7, 5)))[0] == pytest.approx(1)


class Heard:
    """A reading of nothing but logits."""

    id = "heard"
    published = None

    def __init__(self, logits):
        self.logits = logits

    def __call__(self, subject):
        return {"logits": self.logits}


class KlHeard(Divergence):
    name, version, source, extractor = "kl-heard", 1, Source("-"), Heard


class IsHeard(Inception):
    name, version, source, extractor = "is-heard", 1, Source("-"), Heard


def test_a_clip_heard_in_parts_has_the_mean_of_their_logits():
    metric = KlHeard(Heard(LOGITS[:3]), About())
    found = metric.measure(Subject("a/b.mp4", lambda: None))
    assert found.name == "b"
    assert found.features == pytest.approx(LOGITS[:3].mean(axis=0))


def test_a_divergence_gives_both_forms_over_pairs_of_one_name():
    own = [Named(str(i), LOGITS[i]) for i in range(50)]
    true = [Named(str(i), LOGITS[50 + i]) for i in range(50)]
    exact, floored = KlHeard(Heard(None), About()).scores(own, true[::-1], 0)
    assert (exact.name, floored.name) == KlHeard.gives == ("kl-heard", "kl-heard-floored")
    assert exact.value == pytest.approx(4.730155561824083)
    assert floored.value == pytest.approx(4.712341022797921)
    assert exact.interval[0] < exact.value < exact.interval[1]
    mixed = [kl(a.features, b.features) for a in own for b in true if a.name != b.name]
    assert exact.chance == pytest.approx(np.mean(mixed), rel=0.05)


@pytest.mark.parametrize(("count", "compared"), [(2, 40), (700, 1400)])
def test_wrong_pairs_are_no_more_than_it_takes(count, compared):
    """Twenty pairings, or those that hold a thousand wrong pairs."""
    asked = []

    class Counting(KlHeard):
        def comparisons(self):
            return {"kl-heard": lambda own, true: float(asked.append(1) or 0)}

    clips = [Named(str(i), LOGITS[0]) for i in range(count)]
    Counting(Heard(None), About()).scores(clips, clips, 0)
    assert len(asked) == count + compared


def test_a_clip_without_a_partner_is_named():
    own = [Named(str(i), LOGITS[i]) for i in range(5)]
    with pytest.raises(SettingError, match="3 \\(and 1 more\\) has none"):
        KlHeard(Heard(None), About()).scores(own, own[:3], 0)
    with pytest.raises(SettingError, match="two reference clips are called 0"):
        KlHeard(Heard(None), About()).scores(own, [*own, own[0]], 0)


def test_the_inception_score_of_splits_does_not_depend_on_the_order_of_clips():
    metric = IsHeard(Heard(None), About())
    forth, back = (metric.scores(list(order), None, 0) for order in (LOGITS, LOGITS[::-1]))
    assert [one.value for one in forth] == pytest.approx([one.value for one in back], rel=1e-12)
    assert forth[0].value == pytest.approx(3.66, abs=0.3)  # other splits than av-benchmark's
    assert forth[1].value == pytest.approx(4.568692345006732)
    assert all(one.interval is not None and "reference" not in one.method for one in forth)


def test_splits_are_dealt_as_av_benchmark_shuffles_clips_that_come_in_order():
    """There ``np.random.RandomState(2020)`` shuffles them; here they are in the order of their last class before."""
    ordered = LOGITS[np.argsort(LOGITS[:, -1])]
    np.random.RandomState(2020).shuffle(shuffled := ordered.copy())
    found = IsHeard(Heard(None), About()).scores(list(LOGITS), None, 0)[0]
    assert found.value == pytest.approx(inception(shuffled, 10)[0], rel=1e-12)


@pytest.mark.parametrize("place", [0, 1], ids=["ten splits", "whole"])
def test_the_interval_of_an_inception_score_is_as_wide_as_its_scatter_over_draws_of_clips(place):
    """Splits that are dealt anew whenever clips are left out would make that of ten splits two to three times wider."""
    rng, metric = np.random.default_rng(4), IsHeard(Heard(None), About())
    drawn = [metric.scores(list(2 * rng.standard_normal((60, 7))), None, 0)[place] for _ in range(120)]
    half = np.mean([(one.interval[1] - one.interval[0]) / 2 for one in drawn]) / 2.093  # Student's t of 19
    assert half == pytest.approx(np.std([one.value for one in drawn]), rel=0.25)


def test_too_few_clips_for_splits_have_a_reason_and_still_a_score_as_a_whole():
    split, whole = IsHeard(Heard(None), About()).scores(list(LOGITS[: 2 * SPLITS - 1]), None, 0)
    assert split.value is None and "take 20 clips" in split.reason
    assert whole.value > 1 and whole.interval is None and "40 clips" in whole.method
    assert all(one.value is None for one in IsHeard(Heard(None), About()).scores([LOGITS[0]], None, 0))
