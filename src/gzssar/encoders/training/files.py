"""What a training leaves on disk while it runs: a checkpoint to go on from, and scalars to look at."""

import hashlib
import io
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gzssar.encoders.training.options import PLACES, EncoderTraining
from gzssar.errors import DataError, MissingExtraError
from gzssar.files import differing, writing
from gzssar.shapes import Clips, Labels
from gzssar.splits import Ids

_FORMAT = "gzssar-training-1"


def identity_of(
    training: EncoderTraining,
    classes: Ids,
    clips: Clips,
    labels: Labels,
    held_out: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, str]:
    """What two trainings must share for one to go on where the other stopped: all but where they run."""
    options = {name: repr(value) for name, value in asdict(training).items() if name not in PLACES}
    judged = _hash(*held_out) if held_out else ""
    hashes = {"training clips": _hash(clips, labels), "held-out clips": judged}
    return {"format": _FORMAT, **options, "classes": str(list(classes)), **hashes}


def save_checkpoint(path: Path, who: Mapping[str, str], state: Mapping[str, Any]) -> None:
    """Write a training's state; all of it or nothing."""
    content = io.BytesIO()  # where a disk is full, torch itself names neither the file nor the reason
    torch.save({"fingerprint": dict(who), "state": dict(state)}, content)
    with writing(path) as file:
        file.write(content.getbuffer())


def load_checkpoint(path: Path, who: Mapping[str, str]) -> dict[str, Any] | None:
    """Read what :func:`save_checkpoint` wrote; None where nothing was written yet.

    Raises:
        DataError: the file is damaged, something else, or of another training.
    """
    if not path.exists():
        return None
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
        there, state = {"network": repr("shift-gcn"), **held["fingerprint"]}, dict(held["state"])  # once the only one
    except (OSError, RuntimeError, ValueError, TypeError, EOFError, LookupError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise DataError(
            f"{path} should hold the checkpoint of a training, but it cannot be read ({reason}): remove it to start "
            "again, or name another file."
        ) from error
    if there != who:
        raise DataError(
            f"{path} should hold a checkpoint of this training, but it is from a training with "
            f"{_differences(there, who)}: use the same arguments to continue, or name another file to start again."
        )
    return state


@contextmanager
def scalar_writer(folder: Path | None, first: int) -> Iterator[Callable[[Mapping[str, float], int], None]]:
    """Open a TensorBoard log; nothing is written where `folder` is None.

    Args:
        folder: of the log; what earlier calls wrote into it is kept up to `first`.
        first: the epoch that comes next.

    Yields:
        Takes (scalars by name, epoch).

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    if folder is None:
        yield lambda scalars, epoch: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "the log of a training needs TensorBoard, which is not installed: run pip install 'gzssar[train]', or "
            "train without a log."
        ) from error
    with SummaryWriter(str(folder), purge_step=first) as writer:

        def write(scalars: Mapping[str, float], epoch: int) -> None:
            for name, value in scalars.items():
                writer.add_scalar(name.replace(" ", "_"), value, epoch)
            writer.flush()

        yield write


def _hash(*arrays: np.ndarray) -> str:
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return sha.hexdigest()


def _differences(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Where two fingerprints differ; of hashes only that they do."""
    return ", ".join(
        f"other {name}" if name.endswith(" clips") else f"{name} {there.get(name)}, not {here.get(name)}"
        for name in differing(there, here)
    )
