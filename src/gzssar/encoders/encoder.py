"""A skeleton encoder as people keep and use it: the network, what its columns mean, how clips are prepared for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from gzssar.encoders.network import SkeletonNetwork
from gzssar.encoders.registry import NETWORKS, find_network
from gzssar.errors import ConfigError, DataError
from gzssar.files import require_no_pipe, writing
from gzssar.schema import MOST, Count, Within, parse, read_json
from gzssar.shapes import Clips, Logits, SkeletonFeatures
from gzssar.skeletons.conversion import require_3d, to_ntu25
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.moving import liveliest
from gzssar.skeletons.preprocess import STREAMS, prenormalise, stream
from gzssar.skeletons.resampling import resample
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.splits import Ids

NEVER_TRAINED = -20.0
"""The logit of a class the encoder never saw, as in the SynSE folders."""

AUTHORS_FPS = 30.0
"""At which NTU RGB+D was recorded, and so what published weights learned from."""

MOST_FRAMES = 3000
"""T at most: ten times the paper's. Memory and time are proportional to it."""

_FORMAT = "gzssar-encoder-1"


@dataclass(frozen=True)
class _About:
    """What a saved encoder says of itself, beside its weights."""

    classes: Annotated[tuple[Annotated[int, Within(0, 99_999)], ...], Count(1, 10_000)]
    width: Annotated[int, Within(1, 1024)]
    body_count: Annotated[int, Within(1, 16)]
    frames: Annotated[int, Within(1, MOST_FRAMES)]
    stream: str
    provenance: dict[str, Any]
    network: str = "shift-gcn"
    """Where a file names none, it is the first one."""
    fps: Annotated[float, Within(0.01, 10_000)] = AUTHORS_FPS
    """Where a file names none, it is of before clips were brought to one rate."""


class EncodedClips(NamedTuple):
    """What an encoder says about clips, in numpy."""

    features: SkeletonFeatures
    logits: Logits


@dataclass(frozen=True)
class Encoder:
    """A trained network and its preparation of clips.

    Raises:
        DataError: classes and network do not match, or the stream or the number of frames does not exist.
    """

    network: SkeletonNetwork
    """In evaluation mode."""

    classes: Ids
    """The class of each column of the network's logits, sorted."""

    frames: int = 300
    """T that clips are brought to. The paper: 300, by repetition."""

    stream: str = "joint"
    """What the network reads: one of :data:`STREAMS`."""

    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Where the weights come from: file, data, training; values as JSON has them."""

    fps: float = AUTHORS_FPS
    """Frames per second that clips are brought to before anything else."""

    file: Path | None = None
    """What it was read from."""

    def __post_init__(self) -> None:
        columns = self.network.class_count
        if len(self.classes) != columns or list(self.classes) != sorted(set(self.classes)):
            raise DataError(
                f"an encoder with {columns} columns needs as many sorted class ids, but has {self.classes}."
            )
        if self.stream not in STREAMS:
            raise DataError(f"an encoder reads one of {', '.join(STREAMS)}, but {self.stream!r} came.")
        if not 0 < self.fps < float("inf"):
            raise DataError(f"an encoder reads clips at a positive frame rate, but {self.fps} came.")
        if self.frames < 1:
            raise DataError(f"an encoder reads at least one frame, but {self.frames} were asked for.")
        if self.frames > MOST_FRAMES:
            raise DataError(f"an encoder reads at most {MOST_FRAMES} frames, but {self.frames} were asked for.")

    @cached_property
    def _folded(self) -> torch.nn.Module:
        return find_network(self.network.name).fold(self.network)

    @property
    def members(self) -> tuple["Encoder", ...]:
        """Itself, as :class:`~gzssar.encoders.streams.StreamEncoders` has several."""
        return (self,)

    @property
    def streams(self) -> tuple[str, ...]:
        """What the network reads, as the only one."""
        return (self.stream,)

    @property
    def feature_width(self) -> int:
        """D."""
        return self.network.feature_width

    @property
    def class_weights(self) -> Float[np.ndarray, "S D"]:
        """Of the network's last layer, a row per class."""
        return np.asarray(self.network.classifier.weight.detach().cpu().numpy())

    @property
    def by_authors(self) -> bool:
        """Whether the weights were read from a file of the code of the network's authors."""
        return self.file is not None and not is_own_file(self.file)

    def to(self, device: torch.device | str) -> None:
        """Move the network."""
        self.network.to(device)

    def with_frames(self, frames: int | None) -> "Encoder":
        """The same encoder, for which clips are brought to another length; None leaves it as it is."""
        return self if frames is None else replace(self, frames=frames)

    def prepare(self, clip: SkeletonSequence) -> Float[np.ndarray, "C T V M"]:
        """Bring a recording to what the network reads.

        Raises:
            DataError: the clip is two-dimensional, or holds no body.
        """
        return prepare(clip, self.fps, self.frames, self.stream, self.network.body_count)

    @torch.inference_mode()
    def encode(self, clips: Clips, class_count: int | None = None, batch_size: int = 64) -> EncodedClips:
        """Encode prepared clips, in batches.

        Args:
            clips: what :meth:`prepare` returned, stacked; of any class.
            class_count: K, columns of the logits; classes the encoder never saw get :data:`NEVER_TRAINED`. Without it,
                up to the last class the encoder knows.
            batch_size: clips at a time.

        Raises:
            DataError: there are no clips, or the encoder knows classes beyond `class_count`.
        """
        if len(clips) == 0:
            raise DataError("encoding needs at least one clip, but there are none.")
        count = self.classes[-1] + 1 if class_count is None else class_count
        if self.classes[-1] >= count:
            raise DataError(
                f"the encoder knows classes up to {self.classes[-1]}, but only {count} classes were given: "
                "pass the number of all classes, seen and unseen."
            )
        inputs = torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32))
        parts = [self._folded(batch.to(self.network.device)) for batch in torch.split(inputs, batch_size)]
        features, trained = (torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True))
        return EncodedClips(features, spread_logits(trained, self.classes, count))


def spread_logits(logits: Float[np.ndarray, "N S"], classes: Ids, class_count: int) -> Logits:
    """Logits over all K classes; those the encoder never saw get :data:`NEVER_TRAINED`."""
    every = np.full((len(logits), class_count), NEVER_TRAINED, dtype=np.float32)
    every[:, list(classes)] = logits
    return every


def prepare(
    clip: SkeletonSequence, fps: float, frames: int, name: str, body_count: int
) -> Float[np.ndarray, "C T V M"]:
    """Bring a recording to NTU's joints and to a frame rate, pre-normalise it, and take one stream of it.

    Args:
        clip: three-dimensional, in any layout, at any rate.
        fps: the rate, in frames per second.
        frames: T.
        name: the stream.
        body_count: M; of more bodies the most moving ones are taken, absent ones are zero.

    Raises:
        DataError: the clip is two-dimensional, or holds no body.
    """
    require_3d(clip)
    joints = resample(to_ntu25(liveliest(clip, body_count)), fps).joints
    padded = np.zeros((*joints.shape[:3], body_count), dtype=np.float32)
    padded[..., : joints.shape[3]] = joints
    normal = prenormalise(padded, frames)
    return np.asarray(stream(normal[None], name, NTU25)[0], dtype=np.float32)


def save_encoder(path: Path, encoder: Encoder) -> None:
    """Write weights and all they mean as safetensors; all of it or nothing."""
    from safetensors.torch import save

    about = {
        "network": encoder.network.name,
        "width": encoder.network.width,
        "body_count": encoder.network.body_count,
        "classes": list(encoder.classes),
        "frames": encoder.frames,
        "fps": encoder.fps,
        "stream": encoder.stream,
        "provenance": dict(encoder.provenance),
    }
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in encoder.network.state_dict().items()}
    with writing(path) as file:
        file.write(save(weights, {"format": _FORMAT, "encoder": json.dumps(about)}))


def load_encoder(path: Path, stream: str | None = None) -> Encoder:
    """Read what :func:`save_encoder` wrote, or the weights of the code of a network's authors.

    Args:
        path: the file.
        stream: what the network reads; authors' weights do not say it and are taken for joint without it.

    Raises:
        ConfigError: our own file says another stream.
        DataError: the file is missing, damaged or something else.
    """
    if not is_own_file(path):
        network = _load_original(path)
        classes = tuple(range(network.class_count))
        return Encoder(network, classes, stream=stream or "joint", provenance={"weights": path.name}, file=path)
    encoder = load_own_encoder(path)
    if stream not in (None, encoder.stream):
        raise ConfigError(
            f"{path} holds an encoder of the stream {encoder.stream!r}, but the command names {stream!r}: leave "
            "the name of the stream out."
        )
    return encoder


def is_own_file(path: Path) -> bool:
    """Whether a file holds safetensors, as :func:`save_encoder` writes them and no network's authors do.

    Raises:
        DataError: it cannot be read.
    """
    require_no_pipe(path)
    try:
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"
    except OSError as error:
        raise DataError(f"{path} should hold encoder weights, but it cannot be read ({error.strerror}).") from error


def _load_original(path: Path) -> SkeletonNetwork:
    """Ask each network whose authors' weights can be read; what all of them say where none can read these."""
    refusals = []
    for architecture in NETWORKS.values():
        if architecture.load_original:
            try:
                return architecture.load_original(path)
            except DataError as refusal:
                refusals.append(refusal)
    raise DataError(" ".join(map(str, refusals))) from refusals[0]


def load_own_encoder(path: Path) -> Encoder:
    """Read what :func:`save_encoder` wrote, and nothing else.

    Raises:
        DataError: the file is missing, damaged or something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise DataError(f"{path} should hold encoder weights, but it cannot be read ({error}).") from error
    if metadata.get("format") != _FORMAT:
        raise DataError(f"{path} should be in the format {_FORMAT}, but it says {metadata.get('format')!r}.")
    about = parse(_About, read_json(metadata.get("encoder", ""), f"{path}: encoder"), f"{path}: encoder")
    try:
        make = partial(
            find_network(about.network).network, len(about.classes), about.width, body_count=about.body_count
        )
        with torch.device("meta"):
            _require_weights(make(), weights)  # before the memory is taken that the real one needs
        network = make()
        network.load_state_dict(weights)
        network.eval().requires_grad_(False)
        return Encoder(network, about.classes, about.frames, about.stream, about.provenance, about.fps, path)
    except (ConfigError, DataError) as error:
        raise DataError(f"{path} should hold a whole encoder, but its parts do not fit together: {error}") from error


def _require_weights(network: SkeletonNetwork, weights: Mapping[str, torch.Tensor]) -> None:
    """See that weights are those of a network, and in their range.

    Raises:
        DataError: they are not.
    """
    wanted = network.state_dict()
    if differs := sorted(wanted.keys() ^ weights.keys()):
        raise DataError(f"{differs[0][:80]!r} is {'missing' if differs[0] in wanted else 'unknown'} among the weights.")
    for name, own in wanted.items():
        given = weights[name]
        if (given.dtype, given.shape) != (own.dtype, own.shape):
            raise DataError(
                f"{name} should be of type {own.dtype} and shape {tuple(own.shape)}, but it is of type {given.dtype} "
                f"and shape {tuple(given.shape)}."
            )
        most = next((most for end, most in network.largest.items() if name.endswith(end)), MOST)
        least = 0 if name.endswith(("running_var", "num_batches_tracked")) else -most
        if not bool(((given >= least) & (given <= most)).all()):
            raise DataError(f"{name} should hold finite numbers from {least:g} to {most:g}, but it does not.")
