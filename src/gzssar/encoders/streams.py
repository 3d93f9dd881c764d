"""Several encoders as one: each reads a stream of its own, and what they say stands side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from gzssar.encoders.encoder import EncodedClips, Encoder, load_encoder
from gzssar.encoders.registry import find_network
from gzssar.encoders.weights import StreamWeights
from gzssar.errors import ConfigError
from gzssar.files import hash_file
from gzssar.shapes import Clips
from gzssar.skeletons.preprocess import STREAMS
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.splits import Ids


@dataclass(frozen=True)
class StreamEncoders:
    """Encoders of several streams, which are asked like one.

    Prepared clips hold the streams one after the other along C, features hold them along D, and logits are means over
    the streams.

    Raises:
        ConfigError: two read one stream, or they differ in what they must share.
    """

    members: tuple[Encoder, ...]
    """In the order of :data:`~gzssar.skeletons.preprocess.STREAMS`, whatever order they came in."""

    def __post_init__(self) -> None:
        if not self.members:
            raise ConfigError("there should be an encoder of at least one stream, but there is none.")
        object.__setattr__(self, "members", tuple(sorted(self.members, key=lambda one: STREAMS.index(one.stream))))
        if twice := next((name for name in STREAMS if self.streams.count(name) > 1), None):
            raise ConfigError(
                f"each stream has one encoder, but the stream {twice!r} is given twice: name the stream of the "
                "authors' weights, as in bone=FILE."
            )
        first = self.members[0]
        for other in self.members[1:]:
            for what, one, two in zip(_SHARED, _shared(first), _shared(other), strict=True):
                if one != two:
                    raise ConfigError(
                        f"encoders of several streams should share their {what}, but {first.stream} has "
                        f"{_short(one)} and {other.stream} has {_short(two)}: use encoders that were "
                        "trained in the same way."
                    )

    @property
    def streams(self) -> tuple[str, ...]:
        """What each of them reads."""
        return tuple(one.stream for one in self.members)

    @property
    def classes(self) -> Ids:
        """The class of each column of the logits, sorted."""
        return self.members[0].classes

    @property
    def frames(self) -> int:
        """T that clips are brought to."""
        return self.members[0].frames

    @property
    def fps(self) -> float:
        """Frames per second that clips are brought to."""
        return self.members[0].fps

    @property
    def feature_width(self) -> int:
        """D, of all streams together."""
        return sum(one.feature_width for one in self.members)

    @property
    def class_weights(self) -> Float[np.ndarray, "S D"]:
        """Of the networks' last layers side by side, a row per class."""
        return np.concatenate([one.class_weights for one in self.members], axis=1)

    def with_frames(self, frames: int | None) -> "StreamEncoders":
        """The same encoders, for which clips are brought to another length; None leaves them as they are."""
        return StreamEncoders(tuple(one.with_frames(frames) for one in self.members))

    def to(self, device: torch.device | str) -> None:
        """Move all networks."""
        for one in self.members:
            one.to(device)

    def prepare(self, clip: SkeletonSequence) -> Float[np.ndarray, "C T V M"]:
        """Bring a recording to what the networks read.

        Raises:
            DataError: the clip is two-dimensional, or holds no body.
        """
        return np.concatenate([one.prepare(clip) for one in self.members])

    def encode(self, clips: Clips, class_count: int | None = None, batch_size: int = 64) -> EncodedClips:
        """Encode prepared clips; as :meth:`Encoder.encode`."""
        parts = np.split(clips, len(self.members), axis=1)
        said = [one.encode(part, class_count, batch_size) for one, part in zip(self.members, parts, strict=True)]
        features = np.concatenate([one.features for one in said], axis=1)
        return EncodedClips(features, np.mean([one.logits for one in said], axis=0))


SkeletonEncoder = Encoder | StreamEncoders
"""One encoder, or those of several streams."""

_SHARED = ("classes", "frames", "frame rate", "bodies", "width")


def _shared(encoder: Encoder) -> tuple[object, ...]:
    network = encoder.network
    return encoder.classes, encoder.frames, encoder.fps, network.body_count, network.feature_width


def _short(value: object) -> str:
    return f"{len(value)}" if isinstance(value, tuple) else f"{value}"


def joined(members: Sequence[Encoder]) -> SkeletonEncoder:
    """One encoder as it is, several as one.

    Raises:
        ConfigError: they do not go together.
    """
    return members[0] if len(members) == 1 else StreamEncoders(tuple(members))


def load_encoders(weights: Sequence[StreamWeights]) -> SkeletonEncoder:
    """Read one encoder, or those of several streams.

    Raises:
        ConfigError: a stream contradicts what our own file says, or the encoders do not go together.
        DataError: a file is missing, damaged or something else.
    """
    return joined([load_encoder(one.path, one.stream) for one in weights])


def weights_hashes(encoder: SkeletonEncoder) -> list[str]:
    """SHA-256 of the file that each stream's encoder was read from.

    Raises:
        DataError: one cannot be read any more.
    """
    return [hash_file(one.file) for one in encoder.members if one.file]


def odd_streams(encoder: SkeletonEncoder) -> list[str]:
    """A sentence on each encoder of authors' weights that seem to be trained on another stream than it reads."""
    told = []
    for one in encoder.members:
        seems = find_network(one.network.name).stream_of(one.network)
        if one.by_authors and seems not in (None, one.stream):
            told.append(
                f"{one.file} is taken for weights of the stream {one.stream!r}, but was trained on {seems!r}, as the "
                f"statistics of its input tell: name it '{seems}={one.file}'."
            )
    return told
