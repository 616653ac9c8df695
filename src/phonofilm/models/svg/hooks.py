"""Where adapters sit in a stock diffusers U-Net, and how they are hung there.

:func:`install` puts them on the last two down and the first two up blocks with forward hooks, so no U-Net code is
copied and the hooks can be removed again (arXiv 2409.17550).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from phonofilm.models.svg.adapters import Context

if TYPE_CHECKING:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.models.unets.unet_motion_model import UNetMotionModel

ADAPTED = 2
"""How many of the last down blocks and of the first up blocks carry an adapter."""


class AdapterStack(nn.ModuleList):
    """The adapters of one U-Net: those of its down blocks, then those of its up blocks, under the blocks' indices.

    Args:
        adapter: makes an adapter for a hidden state of the given width.
        levels: channels of the U-Net's levels.
    """

    def __init__(self, adapter: Callable[[int], nn.Module], levels: tuple[int, ...]) -> None:
        down = range(len(levels) - ADAPTED, len(levels))
        up = range(ADAPTED)
        super().__init__(
            [
                nn.ModuleDict({str(index): nn.ModuleList([adapter(levels[index])]) for index in down}),
                nn.ModuleDict({str(index): nn.ModuleList([adapter(levels[-1 - index])]) for index in up}),
            ]
        )

    @property
    def down(self) -> dict[int, nn.Module]:
        """Adapters by the index of their down block."""
        return self._by_block(0)

    @property
    def up(self) -> dict[int, nn.Module]:
        """Adapters by the index of their up block."""
        return self._by_block(1)

    def _by_block(self, half: int) -> dict[int, nn.Module]:
        blocks = cast(nn.ModuleDict, self[half])
        return {int(index): cast(nn.ModuleList, one)[0] for index, one in blocks.items()}


_context: ContextVar[Context | None] = ContextVar("context", default=None)


@contextmanager
def told(context: Context | None) -> Iterator[None]:
    """While open, installed adapters see ``context``; with ``None`` they stand aside.

    The value belongs to the calling thread, so several threads may run one network.
    """
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)


def install(unet: UNetMotionModel | UNet2DConditionModel, adapters: AdapterStack) -> list[RemovableHandle]:
    """Hang the adapters on the U-Net's blocks; call ``remove()`` on each handle to take them off."""
    # partial, not a closure: copy.deepcopy of the whole network then points the hooks at the copied adapters.
    hooks = [(unet.down_blocks[index], partial(_adapt_down, adapter)) for index, adapter in adapters.down.items()]
    hooks += [(unet.up_blocks[index], partial(_adapt_up, adapter)) for index, adapter in adapters.up.items()]
    return [block.register_forward_hook(hook, with_kwargs=True) for block, hook in hooks]


def _adapt_up(adapter: nn.Module, block: nn.Module, args: Any, kwargs: dict[str, Any], output: Tensor) -> Tensor:
    context = _context.get()
    return output if context is None else _apply(adapter, output, kwargs.get("num_frames"), context)


def _adapt_down(
    adapter: nn.Module, block: nn.Module, args: Any, kwargs: dict[str, Any], output: tuple[Tensor, tuple[Tensor, ...]]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Adapts the block's output, which is also its last skip tensor."""
    context = _context.get()
    if context is None:
        return output
    hidden, skips = output
    adapted = _apply(adapter, hidden, kwargs.get("num_frames"), context)
    return adapted, (*skips[:-1], adapted)


def _apply(adapter: nn.Module, hidden: Tensor, frames: int | None, context: Context) -> Tensor:
    """Adapt frames ``(batch * frames, channel, y, x)``, or sound ``(batch, channel, time, mel)``."""
    if frames is None:
        return adapter(hidden, context)
    video = hidden.unflatten(0, (-1, frames)).transpose(1, 2).flatten(3)
    return adapter(video, context).unflatten(3, hidden.shape[2:]).transpose(1, 2).flatten(0, 1)
