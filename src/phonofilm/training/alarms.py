"""What goes wrong silently when two modalities train together, said aloud."""

from __future__ import annotations

import math

from torch import Tensor

from phonofilm.pair import AV

MODALITIES = AV("video", "audio")  # words for messages and log names, nothing branches on them


class Alarms:
    """Watches losses, gradients and batches; each complaint is made once until it goes away.

    Args:
        patience: steps before a modality is expected to beat predicting zero.
        floor: gradient norms below this count as none.
        text_spread: share of the conditioning's norm that must differ between texts.
    """

    def __init__(self, patience: int = 500, floor: float = 1e-9, text_spread: float = 0.03) -> None:
        self.patience, self.floor, self.text_spread = patience, floor, text_spread
        self.steps = 0
        self.ratio: AV[float] = AV.both(1.0)
        self.ringing: set[str] = set()
        self.deaf: set[str] = set()

    def check(self, clean: AV[Tensor], loss: AV[float], zero_loss: AV[float], gradient: AV[float]) -> list[str]:
        """New complaints after a step.

        Args:
            clean: the batch's latents; a modality that is the same in every clip teaches nothing.
            loss: mean loss of the step.
            zero_loss: loss of predicting zero, the scale that ``loss`` is judged on.
            gradient: gradient norm of each modality's own parameters.
        """
        self.steps += 1
        rate = max(0.02, 1 / self.steps)
        self.ratio = loss.map(lambda own, zero, old: old + rate * (own / max(zero, 1e-12) - old), zero_loss, self.ratio)
        found = MODALITIES.map(self._complaints, clean, loss, gradient, self.ratio)
        now = {complaint for side in found.present() for complaint in side}
        new, self.ringing = sorted(now - self.ringing), now
        return new

    def check_text(self, cond: AV[Tensor]) -> list[str]:
        """New complaints about the conditioning of different texts, ``(text, ...)`` of each modality.

        A pooled vector that training turned into a constant leaves the loss plausible and the text unheard.
        """

        def complaints(name: str, states: Tensor) -> set[str]:
            centre = states.mean(dim=0, keepdim=True)
            spread = float((states - centre).norm() / states.norm())
            said = f"{name}: different texts give the same conditioning; lower the learning rate and start again"
            return {said} if spread < self.text_spread else set()

        now = set().union(*MODALITIES.map(complaints, cond).present())
        new, self.deaf = sorted(now - self.deaf), now
        return new

    def _complaints(self, name: str, clean: Tensor, loss: float, gradient: float, ratio: float) -> list[str]:
        told = []
        if not math.isfinite(loss):
            told.append(f"{name}: the loss is not finite; lower the learning rate")
        if len(clean) > 1 and float(clean.std(dim=0).max()) < 1e-4:
            told.append(f"{name}: every clip of the batch is the same (silent or blank); look at the data")
        if gradient < self.floor:
            told.append(f"{name}: no gradient reaches its parameters; it is not learning")
        if self.steps >= self.patience and ratio > 0.98:
            told.append(
                f"{name}: after {self.patience} steps the loss is no better than predicting zero; it is not learning"
            )
        return told
