"""Trains a skeleton encoder on seen classes: checks what it is given, and runs :mod:`~gzssar.encoders.training.run`.

Shift-GCN's published recipe (Cheng et al., CVPR 2020, section 4.2) is ``EncoderTraining(epochs=140, batch_size=64,
optimizer="sgd", learning_rate=0.1, weight_decay=1e-4, schedule="step", augmentations=(), label_smoothing=0)``.
Difference from the authors' code: it decays spatial weights ten times as much, and masks not at all.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int

from gzssar.encoders.encoder import Encoder
from gzssar.encoders.network import SkeletonNetwork
from gzssar.encoders.registry import find_network
from gzssar.encoders.training.distributed import start_processes
from gzssar.encoders.training.files import identity_of, load_checkpoint, save_checkpoint, scalar_writer
from gzssar.encoders.training.options import EncoderTraining
from gzssar.encoders.training.run import Examples, TrainingRun
from gzssar.errors import ConfigError, DataError
from gzssar.running import Steps
from gzssar.shapes import Clips, Labels
from gzssar.splits import Ids

HeldOut = tuple[Float[np.ndarray, "H ..."], Int[np.ndarray, "H"]]
"""Clips, of the training clips' shape, and their labels."""


def fit_encoder(
    clips: Clips,
    labels: Labels,
    classes: Ids,
    training: EncoderTraining | None = None,
    *,
    held_out: HeldOut | None = None,
    checkpoint: Path | None = None,
    log: Path | None = None,
    progress: Steps | None = None,
) -> Encoder:
    """Train an encoder to tell `classes` apart. Equal arguments give equal weights, bit for bit, on one machine's CPU.

    With several processes (see :mod:`~gzssar.encoders.training.distributed`) each of them must call this with
    equal arguments; each gets the encoder, and the first one alone writes files.

    Args:
        clips: prepared training clips of these classes alone, in layout ntu25, with as many frames as `training` says.
        labels: their class ids.
        classes: the seen classes of the phase; a clip of any other class is refused.
        training: how to train; the defaults where None.
        held_out: clips of these classes that are not trained on, and their class ids: for early stopping and the log.
        checkpoint: a file that is written after each epoch. Where it is there, training goes on from it, and gives
            the weights it would have given without a stop.
        log: folder for TensorBoard scalars: loss, learning rate, held-out accuracy, sequences per second.
        progress: told (done, total) after each step.

    Raises:
        DataError: a clip belongs to another class, a class has no clip, there are fewer clips than a batch holds, the
            clips have another number of frames, the checkpoint is of another training, or the loss leaves the finite
            numbers.
        ConfigError: early stopping has nothing held out to look at, processes cannot share a batch evenly, or the
            device does not exist.
        MissingExtraError: a log or several processes are asked for, and the extra ``train`` is not installed.
    """
    training = training or EncoderTraining()
    classes = tuple(sorted(classes))
    _check_clips(clips, labels, classes, training)
    _check_held_out(held_out, clips, classes, training)
    processes = start_processes(training.device, training.processes)
    if training.batch_size % processes.count:
        raise ConfigError(
            f"batch_size should be a multiple of the {processes.count} processes that share a batch, but it is "
            f"{training.batch_size}."
        )
    examples = Examples.of(clips, labels, classes)
    judged = Examples.of(*held_out, classes) if held_out else None
    run = TrainingRun(_untrained(clips, classes, training), training, processes)
    who = identity_of(training, classes, clips, labels, held_out)
    state = load_checkpoint(checkpoint, who) if checkpoint and processes.rank == 0 else None
    if state := processes.from_first(state):
        run.resume(state)
    with scalar_writer(log if processes.rank == 0 else None, run.epoch + 1) as write:
        while not run.finished:
            run.train_epoch(examples, judged, progress)
            if checkpoint and processes.rank == 0:
                save_checkpoint(checkpoint, who, run.state())
            write(run.history[-1], run.epoch)
    network = _untrained(clips, classes, training)
    network.load_state_dict(run.weights)
    network.to(processes.device).eval().requires_grad_(False)
    return Encoder(network, classes, training.frames, training.stream, {**who, **run.outcome()}, training.encoder_fps)


def _untrained(clips: Clips, classes: Ids, training: EncoderTraining) -> SkeletonNetwork:
    """The network that training begins with; leaves torch's global generator alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        network = find_network(training.network).network
        return network(class_count=len(classes), width=training.width, body_count=clips.shape[4])


def _check_clips(clips: Clips, labels: Int[np.ndarray, "L"], classes: Ids, training: EncoderTraining) -> None:
    present = _check_labels(clips, labels, classes)
    if absent := sorted(set(classes) - present):
        raise DataError(f"each class needs training clips, but the classes {absent} have none.")
    if len(clips) < training.batch_size:
        raise DataError(
            f"training needs at least one batch of {training.batch_size} clips, but there are {len(clips)}: "
            "lower batch_size or add clips."
        )
    coordinates, frames, joints = clips.shape[1:4]
    if (coordinates, joints) != (3, 25):
        raise DataError(
            f"clips should have 3 coordinates and the 25 joints of layout ntu25, but these have {coordinates} and "
            f"{joints}: convert them with to_ntu25."
        )
    if frames != training.frames:
        raise DataError(
            f"clips should have {training.frames} frames, as the training says, but these have {frames}: prepare them "
            "with that number, or train with this one."
        )


def _check_held_out(held_out: HeldOut | None, clips: Clips, classes: Ids, training: EncoderTraining) -> None:
    if held_out is None:
        if training.patience:
            raise ConfigError("patience needs held-out clips, but there are none: hold some clips out.")
        return
    _check_labels(*held_out, classes)
    if not len(held_out[0]):
        raise DataError("there should be held-out clips, but there are none: pass None to hold nothing out.")
    if held_out[0].shape[1:] != clips.shape[1:]:
        raise DataError(
            f"held-out clips should be of the training clips' shape {clips.shape[1:]}, but they are of "
            f"{held_out[0].shape[1:]}: prepare both in the same way."
        )


def _check_labels(clips: Float[np.ndarray, "H ..."], labels: Int[np.ndarray, "L"], classes: Ids) -> set[int]:
    """Returns which classes there are; all of them are among `classes`."""
    if len(clips) != len(labels):
        raise DataError(f"there must be one label per clip, but there are {len(clips)} clips and {len(labels)} labels.")
    present = {int(label) for label in np.unique(labels)}
    if foreign := sorted(present - set(classes)):
        raise DataError(
            f"an encoder may only see clips of its own classes, but there are clips of the classes {foreign}: "
            "leave out the clips of classes that are unseen in this phase."
        )
    return present
