"""Loads the weights of the Shift-GCN authors' code, key by key; none may be left over in silence."""

import pickle
import re
from pathlib import Path

import torch
from torch import Tensor

from gzssar.encoders.shift_gcn.network import ShiftGcn, joint_shift
from gzssar.errors import DataError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.preprocess import MID_SPINE, SPINE_SHOULDER, STREAMS

_NAMES: tuple[tuple[str, str], ...] = (
    (r"data_bn\.(\w+)", r"input_norm.\1"),
    (r"fc\.(weight|bias)", r"classifier.\1"),
    (r"l(\d+)\.gcn1\.Linear_(weight|bias)", r"blocks.#.spatial.\2"),
    (r"l(\d+)\.gcn1\.Feature_Mask", r"blocks.#.spatial.mask"),
    (r"l(\d+)\.gcn1\.bn\.(\w+)", r"blocks.#.spatial.norm.\2"),
    (r"l(\d+)\.gcn1\.down\.0\.(weight|bias)", r"blocks.#.spatial.shortcut.\2"),
    (r"l(\d+)\.gcn1\.down\.1\.(\w+)", r"blocks.#.spatial.shortcut.norm.\2"),
    (r"l(\d+)\.tcn1\.bn\.(\w+)", r"blocks.#.temporal.norm_in.\2"),
    (r"l(\d+)\.tcn1\.bn2\.(\w+)", r"blocks.#.temporal.norm_out.\2"),
    (r"l(\d+)\.tcn1\.temporal_linear\.(weight|bias)", r"blocks.#.temporal.\2"),
    (r"l(\d+)\.tcn1\.shift_(in|out)\.ypos", r"blocks.#.temporal.shift_\2.offset"),
    (r"l(\d+)\.residual\.conv\.(weight|bias)", r"blocks.#.shortcut.\2"),
    (r"l(\d+)\.residual\.bn\.(\w+)", r"blocks.#.shortcut.norm.\2"),
)
"""Their keys and ours; # is the number of the block, from 0."""

_NO_SHIFT = 1e-3
"""Their kernel could also shift along joints, by xpos frames; the published weights never do."""

_ALWAYS_ZERO = 1e-6
"""Share of one joint's variance in another's; the published weights have 1e-40."""
_WITHOUT_MEAN = 1e-2
"""Squared mean over variance, both summed over joints; the published weights have 3.1 and 1.8, or 3e-5 and 8e-6."""


def load_original(path: Path) -> ShiftGcn:
    """Read a checkpoint of the authors' code (a state dictionary, PyTorch's legacy or zip format) into our encoder.

    Returns:
        The encoder in evaluation mode; its width, joints, bodies, coordinates and classes are the checkpoint's.

    Raises:
        DataError: the file is missing or no state dictionary of a Shift-GCN; a key is unknown, missing or of another
            shape; or the weights mean something else here (another order of joints' shifts, shifts across joints).
    """
    theirs = {key.removeprefix("module."): value for key, value in _state(path).items()}
    network = _network_for(theirs, path)
    ours = {}
    for key, value in theirs.items():
        if not _is_implied(key, value, network, path):
            ours[_our_name(key, path)] = _our_shape(key, value)
    expected = network.state_dict()
    if odd := sorted(expected.keys() ^ ours.keys()):
        raise DataError(
            f"{path} should hold all weights of a Shift-GCN, but these are missing or superfluous: {odd[:5]}."
        )
    for key, value in ours.items():
        if value.shape != expected[key].shape:
            raise DataError(
                f"{path} should hold {key} of shape {tuple(expected[key].shape)}, but it is {tuple(value.shape)}: the "
                "weights are of another architecture."
            )
        if not torch.isfinite(value).all():
            raise DataError(f"{path} should hold finite weights, but {key} holds NaN or infinity.")
    network.load_state_dict(ours)
    return network.eval().requires_grad_(False)


def stream_of(network: ShiftGcn) -> str | None:
    """Which stream weights of NTU's joints were trained on, as the mean and variance of their input tell.

    One joint is always zero: the mid spine, from which positions are measured, or the spine shoulder, on which bones
    hang. Positions and bones have a mean, motions have none. The softmax of clips tells less: three of the four
    published networks are surer of the top class when they are given the wrong stream.

    Returns:
        One of :data:`~gzssar.skeletons.preprocess.STREAMS`; None where neither joint is always zero.
    """
    joints = len(network.parts[0].spatial.mask)
    if joints != NTU25.joint_count:
        return None
    norm = network.input_norm
    assert norm.running_mean is not None  # as batch norms have it, unless told otherwise
    assert norm.running_var is not None
    mean, variance = (of_all[: len(of_all) // network.body_count] for of_all in (norm.running_mean, norm.running_var))
    spine, shoulder = variance.view(joints, -1).sum(dim=1)[[MID_SPINE, SPINE_SHOULDER]].tolist()
    if min(spine, shoulder) >= _ALWAYS_ZERO * max(spine, shoulder):
        return None
    moves = bool((mean**2).sum() < _WITHOUT_MEAN * variance.sum())
    return STREAMS[(shoulder < spine) + 2 * moves]


def _state(path: Path) -> dict[str, Tensor]:
    """The checkpoint's tensors, read without running any code in it."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"{path} should hold Shift-GCN weights, but there is no such file.") from None
    except (OSError, RuntimeError, ValueError, TypeError, EOFError, LookupError, pickle.UnpicklingError) as error:
        raise DataError(
            f"{path} should hold Shift-GCN weights, but it holds something other than tensors, which is "
            "not read for safety."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError(f"{path} should hold a state dictionary of tensors, but it holds something else.")
    return state


def _network_for(theirs: dict[str, Tensor], path: Path) -> ShiftGcn:
    """An encoder of the checkpoint's sizes."""
    needed = ("l1.gcn1.Linear_weight", "l1.gcn1.Feature_Mask", "data_bn.weight", "fc.weight")
    if missing := [key for key in needed if key not in theirs]:
        raise DataError(f"{path} should hold the weights of a Shift-GCN, but it lacks {', '.join(missing)}.")
    first, mask, norm, classifier = (theirs[key] for key in needed)
    if first.ndim != 2 or mask.ndim != 3 or norm.ndim != 1 or classifier.ndim != 2:
        raise DataError(f"{path} should hold the weights of a Shift-GCN, but {', '.join(needed)} have other axes.")
    coordinates, joints = first.shape[0], mask.shape[1]
    bodies = max(1, len(norm) // max(1, coordinates * joints))
    return ShiftGcn(classifier.shape[0], first.shape[1], joints, bodies, coordinates)


def _is_implied(key: str, value: Tensor, network: ShiftGcn, path: Path) -> bool:
    """Whether a key says nothing that our encoder does not know; then it must agree with what it knows."""
    if match := re.fullmatch(r"l\d+\.gcn1\.shift_(in|out)", key):
        joints = len(network.parts[0].spatial.mask)
        direction = 1 if match[1] == "in" else -1
        if value.numel() % joints or not torch.equal(
            value.flatten().long(), joint_shift(joints, value.numel() // joints, direction)
        ):
            raise DataError(f"{path}: {key} should shift channel c by c joints, but it does not.")
        return True
    if re.fullmatch(r"l\d+\.tcn1\.shift_(in|out)\.xpos", key):
        if not value.abs().max() < _NO_SHIFT:
            raise DataError(f"{path}: {key} should be zero, as in the published weights, but it shifts across joints.")
        return True
    return False


def _our_name(key: str, path: Path) -> str:
    for theirs, ours in _NAMES:
        if match := re.fullmatch(theirs, key):
            numbered = ours.replace("#", str(int(match[1]) - 1)) if "#" in ours else ours
            return match.expand(numbered)
    raise DataError(f"{path} holds {key}, which no part of a Shift-GCN uses: the weights are of another architecture.")


def _our_shape(key: str, value: Tensor) -> Tensor:
    """Our linear layers hold (out, in) matrices, and vectors without empty axes."""
    if key.endswith("Linear_weight"):
        return value.T.contiguous()
    if key.endswith("num_batches_tracked"):
        return value
    return value.flatten(0, 1) if key.endswith("Feature_Mask") else value.squeeze() if value.ndim > 1 else value
