"""Networks that the library transformers has, from folders as model hubs hand them out."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError

from phonofilm.errors import WeightsError
from phonofilm.weights import UNFIT

if TYPE_CHECKING:
    from transformers import PreTrainedModel

COMPUTED = ("position_ids", "token_type_ids", "relative_position_index")
"""Ends of names of what is no weight: transformers wrote them in some versions, and computes them in all."""

DAMAGED = (OSError, SafetensorError, pickle.UnpicklingError, *UNFIT)


def pretrained(kind: type[PreTrainedModel], folder: Path, device: torch.device) -> Any:
    """A network with exactly the weights of a folder, in evaluation mode, in float32.

    Args:
        kind: of transformers' classes.
        folder: with ``config.json`` and ``model.safetensors`` (or ``pytorch_model.bin``, of which nothing but tensors
            is unpickled).
        device: to run on.

    Raises:
        WeightsError: if they are missing, damaged, or another network's.
    """
    if not (folder / "config.json").is_file():
        raise WeightsError(f"{folder} has no config.json: name the folder that the model hub hands out")
    try:
        with _quiet():
            loaded: Any = kind.from_pretrained(
                folder,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, by name
                weights_only=True,
                dtype=torch.float32,
            )
    except DAMAGED as error:
        reason = str(error).strip().partition("\n")[0]
        raise WeightsError(f"{folder} cannot be read as a {kind.__name__} ({reason}): get it anew") from error
    network, found = loaded
    reshaped = {name for name, *_ in found["mismatched_keys"]}
    for names, complaint in (
        (reshaped, "has another size of"),
        (found["missing_keys"], "lacks"),
        (found["unexpected_keys"], "has the unknown"),
    ):
        named = sorted(name for name in names if not name.endswith(COMPUTED))
        if named:
            more = f" and {len(named) - 1} more" if len(named) > 1 else ""
            raise WeightsError(f"{folder} {complaint} {named[0]!r}{more}: it is no {kind.__name__}, get it anew")
    return network.eval().requires_grad_(False).to(device)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and reports by transformers: what is wrong with weights is an error here."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
