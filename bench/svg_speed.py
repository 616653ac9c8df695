"""How fast the svg network trains and samples, at its shipped size, in CPU time of one thread.

Training: clips a second, forward and backward, of each stage with what is frozen in it frozen. Sampling: one
guided evaluation, with what does not depend on the text computed once for both halves, and twice.

    python bench/svg_speed.py --size tiny --batch 8 --repeats 5
"""

from __future__ import annotations

import argparse
import statistics
import time

import _results
import torch

from phonofilm.diffusion.parameterization import NetworkDenoiser
from phonofilm.models import families
from phonofilm.models.svg.config import Coupling
from phonofilm.models.svg.recipes import coupled
from phonofilm.pair import AV

FAMILY = families()["svg"]
TOKENS = 32
DOWN, ROWS_A_SECOND, BANDS = 8, 25, 16  # of the codecs: pixels a latent side, sound rows, mel rows


def cpu_seconds(work, repeats):
    """CPU seconds of ``work``: median over repeats, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def inputs(preset, batch):
    """Noisy latents of the preset's clips, noise fractions and two conditionings."""
    shape, config = preset.shape, preset.config
    video = (batch, config.latent_channels.video, shape.frames, shape.height // DOWN, shape.width // DOWN)
    audio = (batch, config.latent_channels.audio, int(shape.seconds * ROWS_A_SECOND), BANDS)
    width = config.text_width
    conds = [AV(torch.randn(batch, TOKENS, width.video), torch.randn(batch, width.audio)) for _ in range(2)]
    return AV(torch.randn(video), torch.randn(audio)), AV.both(torch.full((batch,), 0.5)), conds


def training_step(denoiser, stage, x, s, cond):
    """Forward and backward pass of one stage."""
    learns = denoiser.network.trainable(stage)
    trained = {id(value) for side in learns.present() for value in side.values()}
    for value in denoiser.network.parameters():
        value.requires_grad_(id(value) in trained)
        value.grad = None
    sides = AV(None if stage == "audio" else True, None if stage == "video" else True)
    x, s, cond = (sides.map(lambda _, side: side, pair) for pair in (x, s, cond))

    def step():
        prediction = denoiser.predict(x, s, cond, None)
        sum(y.square().mean() for y in prediction.present()).backward()

    return step


def measure(kind, options):
    """Rates of one way to couple."""
    preset = FAMILY.presets[options.size]
    network = FAMILY.build(coupled(preset.config, kind)).eval()
    denoiser = NetworkDenoiser(network, preset.schedule, preset.parameterization)
    x, s, conds = inputs(preset, options.batch)
    result = {}
    for stage in ("video", "audio", "joint"):
        seconds = cpu_seconds(training_step(denoiser, stage, x, s, conds[0]), options.repeats)
        result[f"{stage} training clips a CPU second"] = options.batch / seconds
    x, s, conds = inputs(preset, 1)
    with torch.inference_mode():
        result["guided evaluation, CPU ms"] = 1e3 * cpu_seconds(lambda: denoiser.each(x, s, conds, x), options.repeats)
        result["the same as two calls, CPU ms"] = 1e3 * cpu_seconds(
            lambda: [denoiser(x, s, cond, x) for cond in conds], options.repeats
        )
    return result


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="tiny", choices=sorted(FAMILY.presets))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    _results.add_write(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    kinds = [Coupling.NONE, Coupling.CROSS_ATTENTION, Coupling.CMC_PE]
    result = {
        "size": options.size,
        "batch": options.batch,
        **{kind.value: measure(kind.value, options) for kind in kinds},
    }
    note = "CPU time of one thread, medians; training is a forward and a backward pass without the optimiser."
    _results.publish("svg-speed", "The svg network", note, result, options.write)


if __name__ == "__main__":
    main()
