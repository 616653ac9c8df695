"""VideoMAE V2 against its public implementation and against transformers'."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import VideoMAEConfig, VideoMAEForVideoClassification

from phonofilm.errors import MediaError, WeightsError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Given, Subject
from phonofilm.metrics._features import _resizing, videomae
from tests.metrics.sown import moving, sow
from tests.metrics.tiny import videomae as tiny

SIZES = videomae.Sizes(patch=32, width=48, depth=3, heads=4, hidden=200, classes=5)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(weights=tiny.give(tmp_path, monkeypatch))


def clip_tensor(clip: Clip) -> torch.Tensor:
    """``(1, 3, F, H, W)`` in [0, 1]."""
    return _resizing.planes(clip.frames).transpose(0, 1)[None]


def test_the_layout_is_the_published_one():
    """The digest is of names and shapes of vit_giant_patch14_224 in content-debiased-fvd's videomaev2_finetune.py."""
    with torch.device("meta"):
        state = videomae.VideoMae(videomae.PUBLISHED).state_dict()
    lines = "\n".join(f"{name} {tuple(value.shape)}" for name, value in sorted(state.items()))
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == "2d9e1f10fcb05159"


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (tiny.SMALL, [0.53984857, -0.20300858, 0.72113585, -0.5970548, 0.51096052, 0.26393736]),
        (SIZES, [0.58384323, -1.36068869, 0.80238229, -0.12048996, 0.37828755, 0.72358257]),
    ],
)
def test_features_are_those_of_the_public_implementation(sizes, expected):
    """Numbers made by that file, VisionTransformer of these sizes, with the same sown weights and the same clip."""
    with torch.no_grad():
        found = sow(videomae.VideoMae(sizes))(clip_tensor(moving(16, 224, 224)))
    assert found[0, :6].tolist() == pytest.approx(expected, abs=1e-5)


def test_norms_add_a_millionth():
    norms = [one for one in videomae.VideoMae(SIZES).modules() if isinstance(one, torch.nn.LayerNorm)]
    assert [one.eps for one in norms] == [1e-6] * (2 * SIZES.depth + 1)


def test_features_are_those_of_transformers():
    network = sow(videomae.VideoMae(SIZES))
    other = of_transformers(network.state_dict())
    video = clip_tensor(moving(16, 224, 224, phase=1))
    with torch.no_grad():
        hidden = other.videomae(video.transpose(1, 2)).last_hidden_state
        expected = other.fc_norm(hidden.mean(dim=1))
        assert torch.allclose(network(video), expected, atol=1e-5)


def of_transformers(state):
    """transformers' network with the same weights."""
    config = VideoMAEConfig(
        image_size=224,
        patch_size=SIZES.patch,
        num_frames=16,
        tubelet_size=2,
        hidden_size=SIZES.width,
        num_hidden_layers=SIZES.depth,
        num_attention_heads=SIZES.heads,
        intermediate_size=SIZES.hidden,
        num_labels=SIZES.classes,
        layer_norm_eps=1e-6,
        use_mean_pooling=True,
    )
    other = VideoMAEForVideoClassification(config).eval()
    other.fc_norm.eps = 1e-6
    names = dict(other.named_parameters())
    with torch.no_grad():
        for mine, theirs in (("patch_embed.proj", "videomae.embeddings.patch_embeddings.projection"), ("fc_norm",) * 2):
            for kind in ("weight", "bias"):
                names[f"{theirs}.{kind}"].copy_(state[f"{mine}.{kind}"])
        for block in range(SIZES.depth):
            _copy_block(names, state, block)
    return other


def _copy_block(names, state, block):
    mine = {
        name.removeprefix(f"blocks.{block}."): value
        for name, value in state.items()
        if name.startswith(f"blocks.{block}.")
    }
    theirs = {
        name.split(f"layer.{block}.")[1]: value
        for name, value in names.items()
        if name.startswith("videomae.encoder") and f".layer.{block}." in name
    }
    q, k, v = mine["attn.qkv.weight"].chunk(3)
    new = {"query.weight": q, "key.weight": k, "value.weight": v}
    new |= {"query.bias": mine["attn.q_bias"], "value.bias": mine["attn.v_bias"]}
    for kind in ("weight", "bias"):
        new |= {
            f"attention.output.dense.{kind}": mine[f"attn.proj.{kind}"],
            f"intermediate.dense.{kind}": mine[f"mlp.fc1.{kind}"],
            f"output.dense.{kind}": mine[f"mlp.fc2.{kind}"],
            f"layernorm_before.{kind}": mine[f"norm1.{kind}"],
            f"layernorm_after.{kind}": mine[f"norm2.{kind}"],
        }
    done = set()
    for ending, value in sorted(new.items(), key=lambda item: -len(item[0])):
        (name,) = [one for one in theirs if one.endswith(ending) and one not in done]
        theirs[name].copy_(value)
        done.add(name)
    assert done == set(theirs)


def test_clips_are_pressed_and_stay_in_zero_to_one(given):
    """Numbers made with torch as content-debiased-fvd's preprocess_videomae calls it."""
    extractor = videomae.VideoMaeG(given)
    kept = []
    extractor.__dict__["network"] = lambda video: kept.append(video) or torch.zeros(1, 12)
    extractor(Subject("clip", moving(48, 90, 150, fps=30)))
    (video,) = kept
    assert video.shape == (1, 3, 16, 224, 224)
    assert float(video.mean()) == pytest.approx(0.50000554, abs=1e-6)
    pixels = [float(video[0, c, t, y, x]) for c, t, y, x in ((0, 3, 100, 50), (1, 15, 200, 223), (2, 5, 70, 90))]
    assert pixels == pytest.approx([0.19714446, 0.31708699, 0.04711065], abs=1e-5)


def test_features_of_a_small_network(given):
    """Pinned: with other numbers the version has to grow. Weights are stored halved and wrapped, as published."""
    found = videomae.VideoMaeG(given)(Subject("clip", moving(48, 90, 150, fps=30)))["features"]
    assert found.shape == (1, 12)
    assert found.dtype == np.float32
    assert found[0, :5].tolist() == pytest.approx([0.741111, 0.339356, 0.868614, -0.73981, 0.519018], abs=2e-4)


def test_short_clips_are_refused(given):
    with pytest.raises(
        MediaError, match=r"has 10 frames at 25 a second, and 16 are needed: choose clips of at least 0.64"
    ):
        videomae.VideoMaeG(given)(Subject("clip", moving(10, fps=25)))
    with pytest.raises(MediaError, match="mute has no picture"):
        videomae.VideoMaeG(given)(Subject("mute", Clip(None, np.zeros((1, 9), np.float32), Fraction(8), 16_000)))


@pytest.mark.parametrize("wrapping", [None, "model", "module"])
def test_weights_may_be_wrapped(wrapping, given):
    path = Path(given.weights["videomae-g-ssv2"])
    state = torch.load(path, weights_only=True)["module"]
    torch.save(state if wrapping is None else {wrapping: state, "epoch": 3}, path)
    assert videomae.VideoMaeG(given)(Subject("clip", moving()))["features"].shape == (1, 12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("blocks.1.attn.q_bias"), "lacks 'blocks.1.attn.q_bias'"),
        (lambda state: state.update(pos_embed=torch.zeros(1)), "has the unknown 'pos_embed'"),
        (lambda state: state.update({"head.bias": torch.zeros(400)}), "another size of 'head.bias'"),
    ],
)
def test_weights_of_another_network_are_refused(change, words, given):
    path = Path(given.weights["videomae-g-ssv2"])
    state = torch.load(path, weights_only=True)["module"]
    change(state)
    torch.save(state, path)
    with pytest.raises(WeightsError, match=words):
        videomae.VideoMaeG(given)(Subject("clip", moving()))
