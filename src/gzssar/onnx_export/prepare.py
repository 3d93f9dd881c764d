"""What an exported model needs beside its graphs: from a recording to what encoder.onnx reads, and classes that are
added on the device. It needs numpy alone; `gzssar export` copies it as it is::

    prepared = prepare(recording(joints, "kinect20", fps=30.0))  # joints (T, V, 3) or (T, M, V, 3) in metres
    (features,) = encoder.run(["features"], {"clips": prepared[None]})

Usage: python prepare.py --check

This runs the clips of test_vectors.npz through this file and the graphs, which takes onnxruntime, and compares.

What differs from model to model lies beside this file: prepare.json, text_space.npz and skeleton_space.npz. Left out
are readers of files, which also fill in missing joints; doubts about a clip; and text encoders.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

HERE = Path(__file__).parent

PELVIS, MID_SPINE, LEFT_SHOULDER, RIGHT_SHOULDER, SPINE_SHOULDER = 0, 1, 4, 8, 20  # in layout ntu25

MOVING = 0.2  # torso lengths in half a second, from which a body moves
RESTING = 0.15  # below which nobody does
SPAN = 0.25  # seconds before and after a frame between which movement is measured
SMOOTH = 0.1  # seconds before and after a frame over which joints are averaged
FASTEST = 3  # the rank of the joint that counts
MOST_ACTORS = 2
SHORTEST = 0.5  # seconds of a clip that tells a motion

SAME_RATE = 0.01  # relative, by which rates may differ that are one
MOST_FRAMES = 18_000  # to which a clip may be lengthened

TURNED_AWAY = -np.sqrt(0.5)  # cosine from which shoulders are the wrong way round
SHORTEST_VECTOR = 1e-6  # metres of a vector that has a direction

WORDS_WIDTH = 4096  # columns of counted words


@cache
def settings(folder: Path = HERE) -> dict[str, Any]:
    """The layouts, and how the model's encoder wants its clips."""
    found: dict[str, Any] = json.loads((folder / "prepare.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Recording:
    """One clip with the joints of NTU-25."""

    joints: np.ndarray
    """(3, T, 25, M), metres, right-handed; a body that is not there is zero."""

    there: np.ndarray
    """(T, M): where a body is there."""

    fps: float
    """Frames per second."""

    times: np.ndarray | None = None
    """Of each frame, in seconds, where they are not evenly spaced."""

    @property
    def seconds(self) -> np.ndarray:
        """Of each frame, from 0 on."""
        if self.times is None:
            return np.arange(self.joints.shape[1]) / self.fps
        return self.times - self.times[0]

    def part(self, start: int, end: int) -> "Recording":
        """The frames from `start` to before `end`."""
        times = None if self.times is None else self.times[start:end]
        return Recording(self.joints[:, start:end], self.there[start:end], self.fps, times)

    def of_bodies(self, bodies: list[int]) -> "Recording":
        """These bodies alone, in this order."""
        return replace(self, joints=self.joints[..., bodies], there=self.there[:, bodies])


def recording(
    frames: Any, layout: str, fps: float, times: Sequence[float] | np.ndarray | None = None, folder: Path = HERE
) -> Recording:
    """A clip of any sensor.

    Args:
        frames: (T, V, 3) positions of one body, or (T, M, V, 3) of M bodies, in metres and right-handed; zeros where a
            body is not there.
        layout: what the V joints are: a key of ``layouts`` in prepare.json.
        fps: frames per second.
        times: of each frame, in seconds, where they are not evenly spaced.
        folder: holds prepare.json.

    Raises:
        ValueError: the layout is not known, or shape, rate or times do not fit, or a position is not finite.
    """
    layouts = settings(folder)["layouts"]
    if layout not in layouts:
        raise ValueError(f"the layout should be one of {', '.join(layouts)}, but it is {layout!r}.")
    weights = _weights(layouts[layout])
    found = np.asarray(frames, dtype=np.float32)
    found = found[:, None] if found.ndim == 3 else found
    if found.ndim != 4 or found.shape[2:] != (weights.shape[1], 3) or not found.size:
        raise ValueError(
            f"frames should be of shape (T, {weights.shape[1]}, 3), or (T, M, {weights.shape[1]}, 3) with several "
            f"bodies, but it is {np.shape(frames)}."
        )
    if not np.isfinite(found).all():
        raise ValueError("frames should hold finite positions, but some are NaN or infinite: fill them in.")
    if not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"the frame rate should be positive, but it is {fps}.")
    at = None if times is None else np.asarray(times, dtype=np.float64)
    if at is not None and not (at.shape == found.shape[:1] and np.isfinite(at).all() and (np.diff(at) > 0).all()):
        raise ValueError(f"times should be {len(found)} ascending seconds, one for each frame, but they are not.")
    joints = found.transpose(3, 0, 2, 1)
    mapped = joints if layout == "ntu25" else np.einsum("nv,ctvm->ctnm", weights, joints).astype(np.float32)
    return Recording(mapped, np.asarray(np.any(joints != 0, axis=(0, 2))), float(fps), at)


def _weights(layout: dict[str, Any]) -> np.ndarray:
    """(25, V): how much of each joint goes into each joint of NTU-25."""
    column = {joint: number for number, joint in enumerate(layout["joints"])}
    weights = np.zeros((len(layout["ntu25"]), len(column)))
    for row, shares in enumerate(layout["ntu25"].values()):
        for joint, share in shares.items():
            weights[row, column[joint]] = share
    return weights


def prepare(clip: Recording, trim: bool = True, folder: Path = HERE) -> np.ndarray:
    """What encoder.onnx reads of one clip: (C, T, 25, M), float32, several streams one after the other along C.

    Args:
        clip: of :func:`recording`.
        trim: cut it to where somebody moves, and to the bodies that do.
        folder: holds prepare.json.

    Raises:
        ValueError: there is no body.
    """
    wanted = settings(folder)
    clip = liveliest(find_action(clip) if trim else clip, wanted["bodies"])
    joints = resample(clip, wanted["fps"])
    padded = np.zeros((*joints.shape[:3], wanted["bodies"]), dtype=np.float32)
    padded[..., : joints.shape[3]] = joints
    normal = prenormalise(padded, wanted["frames"])
    return np.concatenate([stream(normal, name, wanted["bones"]) for name in wanted["streams"]])


def is_resting(clip: Recording) -> bool:
    """Whether nobody moves, so that the clip shows no action: no class should be asked for."""
    too_short = clip.seconds[-1] + 1 / clip.fps < SHORTEST
    return bool(movement(clip).max() < RESTING and clip.there.any() and not too_short)


def find_action(clip: Recording) -> Recording:
    """Cut a clip to where somebody moves, and to the bodies that do, two at most, the most moving one first. A clip in
    which nobody moves comes back as it is."""
    moved = movement(clip)
    if moved.max() < RESTING:
        return clip
    moves, seconds = moved >= min(MOVING, moved.max() / 2), clip.seconds
    first, last = seconds[np.flatnonzero(moves.any(axis=1))[[0, -1]]]
    widened = max(0.0, SHORTEST - (last - first)) / 2
    start, end = np.searchsorted(seconds, first - widened), np.searchsorted(seconds, last + widened, "right")
    actors = [body for body in _liveliest_first(moved[start:end]) if moves[:, body].any()]
    return clip.part(int(start), int(end)).of_bodies(actors[:MOST_ACTORS])


def liveliest(clip: Recording, count: int) -> Recording:
    """The clip as it is, or where it has more bodies than `count`, with those that move most."""
    if clip.joints.shape[3] <= count:
        return clip
    return clip.of_bodies(_liveliest_first(movement(clip))[:count])


def _liveliest_first(moved: np.ndarray) -> list[int]:
    return [int(body) for body in np.argsort(-moved.mean(axis=0), kind="stable")]


def movement(clip: Recording) -> np.ndarray:
    """(T, M): how far each body gets from a quarter of a second before each frame to a quarter after it, in lengths of
    its torso; 0 where it is absent at one of the two ends."""
    joints, there, seconds = clip.joints.astype(np.float64), clip.there, clip.seconds
    frames = np.arange(len(seconds))
    before = np.minimum(np.searchsorted(seconds, seconds - SPAN), np.maximum(frames - 1, 0))
    after = np.maximum(np.searchsorted(seconds, seconds + SPAN, "right") - 1, np.minimum(frames + 1, len(frames) - 1))
    with np.errstate(over="ignore", invalid="ignore"):
        smooth = _averaged(joints, there, seconds)
        ways = np.linalg.norm(smooth[:, after] - smooth[:, before], axis=0)
        fastest = np.partition(ways, -FASTEST, axis=1)[:, -FASTEST]
        torsos = np.linalg.norm(joints[:, :, SPINE_SHOULDER] - joints[:, :, PELVIS], axis=0)
        lengths = np.array([np.median(torsos[present, m]) if present.any() else 0 for m, present in enumerate(there.T)])
        measured = np.divide(fastest, lengths, out=np.full_like(fastest, np.inf), where=lengths > 0)
    measured[np.isnan(measured)] = np.inf
    if (lengths > 0).any():
        measured[:, lengths == 0] = 0
    return np.where(there[before] & there[after], measured, 0)


def _averaged(joints: np.ndarray, there: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Each joint averaged over the frames around, as far as the body is there."""
    first, last = np.searchsorted(seconds, seconds - SMOOTH), np.searchsorted(seconds, seconds + SMOOTH, "right")
    sums = np.concatenate([np.zeros_like(joints[:, :1]), np.cumsum(joints, axis=1)], axis=1)
    counts = np.concatenate([np.zeros_like(there[:1], dtype=int), np.cumsum(there, axis=0)])
    return np.asarray((sums[:, last] - sums[:, first]) / np.maximum(counts[last] - counts[first], 1)[:, None])


def resample(clip: Recording, fps: float) -> np.ndarray:
    """(3, T', 25, M): the joints at another frame rate, on straight lines between two frames. Where a body comes or
    goes between them, the nearer one counts."""
    joints, seconds = clip.joints, clip.seconds
    last = len(seconds) - 1
    if (clip.times is None and abs(clip.fps / fps - 1) <= SAME_RATE) or not last:
        return joints
    step = max(1 / fps, seconds[-1] / max(last, MOST_FRAMES))
    at = np.minimum(np.arange(int(seconds[-1] / step + 1e-6) + 1) * step, seconds[-1])
    before = np.minimum(np.searchsorted(seconds, at + 1e-9, "right") - 1, last - 1)
    share = ((at - seconds[before]) / (seconds[before + 1] - seconds[before])).astype(joints.dtype)
    there = np.asarray(joints.any(axis=(0, 2)))
    stays = there[before] & there[before + 1]
    weight = np.where(stays, share[:, None], share[:, None] > 0.5)[None, :, None].astype(joints.dtype)
    return np.asarray(joints[:, before] * (1 - weight) + joints[:, before + 1] * weight)


def prenormalise(joints: np.ndarray, frames: int) -> np.ndarray:
    """(3, frames, 25, M): repeated or thinned out to so many frames, centred on the first body's spine in each frame,
    and turned by the first frame so that this body stands upright, with its shoulders along x.

    Raises:
        ValueError: the first body is never there.
    """
    if not joints[..., :1].any():
        raise ValueError("the first body should be there in a frame at least, but it is zero in all of them.")
    shown = _frames_shown(joints, frames)
    long = np.stack([joints[..., body][:, shown[:, body]] for body in range(joints.shape[3])], axis=-1)
    present = np.any(long != 0, axis=(0, 2), keepdims=True)
    centred = np.where(present, long - long[:, :, MID_SPINE : MID_SPINE + 1, :1], 0).astype(joints.dtype)
    turned = np.einsum("ac,ctvm->atvm", _upright_turn(centred[:, 0, :, 0].astype(np.float64)), centred)
    return np.asarray(turned, dtype=joints.dtype)


def _frames_shown(joints: np.ndarray, frames: int) -> np.ndarray:
    """(frames, M): which frame of the clip each frame shows, body by body."""
    kept = _spread(joints.shape[1], frames)
    there = np.flatnonzero(np.any(joints[..., 0] != 0, axis=(0, 2)))
    if not np.isin(kept, there).any():  # thinning would leave nobody
        kept = there[_spread(len(there), frames)]
    return np.stack([kept[_cycle(joints[..., body][:, kept], frames)] for body in range(joints.shape[3])], axis=1)


def _spread(count: int, most: int) -> np.ndarray:
    """`most` of `count` frames at even distances, or all where there are no more."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(int)


def _cycle(body: np.ndarray, frames: int) -> np.ndarray:
    """Which frame of a body each of `frames` frames repeats."""
    tracked = np.flatnonzero(np.any(body != 0, axis=(0, 2)))
    if not tracked.size:
        return np.zeros(frames, dtype=np.int64)
    kept = tracked if tracked[0] > 0 else np.arange(tracked[-1] + 1)
    return kept[np.arange(frames) % len(kept)]


def _upright_turn(first: np.ndarray) -> np.ndarray:
    """Pelvis to mid spine onto z, then left to right shoulder onto x; before it half a circle about z where these are
    the wrong way round."""
    x, y, z = np.eye(3)

    def half_turn(axis: np.ndarray) -> np.ndarray:
        return 2 * np.outer(axis, axis) - np.eye(3)

    def shortest_turn(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
        if (length := np.linalg.norm(vector)) < SHORTEST_VECTOR:
            return np.eye(3)
        middle = vector / length + axis
        far = np.linalg.norm(middle)
        return half_turn(middle / far if far > SHORTEST_VECTOR else y) @ half_turn(vector / length)

    turn = shortest_turn(first[:, MID_SPINE] - first[:, PELVIS], z)
    shoulders = turn @ (first[:, RIGHT_SHOULDER] - first[:, LEFT_SHOULDER])
    if shoulders[0] < TURNED_AWAY * np.linalg.norm(shoulders):
        shoulders, turn = half_turn(z) @ shoulders, half_turn(z) @ turn
    return np.asarray(shortest_turn(shoulders, x) @ turn)


def stream(joints: np.ndarray, name: str, bones: Sequence[Sequence[int]]) -> np.ndarray:
    """Positions as they are (joint), each joint minus its parent (bone), or how either changes to the next frame (joint
    motion, bone motion)."""
    if name.startswith("bone"):
        children, parents = np.array(bones).T
        vectors = np.zeros_like(joints)
        vectors[:, :, children] = joints[:, :, children] - joints[:, :, parents]
        joints = vectors
    return np.diff(joints, axis=1, append=joints[:, -1:]) if name.endswith("motion") else joints


def centre_of_vectors(vectors: Sequence[np.ndarray], texts: Sequence[str] = (), folder: Path = HERE) -> np.ndarray:
    """(W,): where the clips of a class should lie, from its texts: a row for prototypes.npy.

    Args:
        vectors: what the text encoders say: ``encoders`` of text_space.npz, in ``revisions``, on each text of ``kinds``
            (lb: the label; ad: what the action is; md: what the body does), put into ``template``; encoder after
            encoder within each kind.
        texts: the texts themselves, one per kind and without template, where ``words`` of text_space.npz is true: their
            words are counted. The label stands in for a text that a class lacks.
        folder: holds text_space.npz.

    Raises:
        ValueError: there are more texts or fewer than the model reads, or vectors of another width.
    """
    space = _arrays(folder / "text_space.npz")
    rows = [np.asarray(vector, dtype=np.float64).ravel() for vector in vectors]
    if space["words"]:
        rows += [count_words(text) for text in texts]
    if [len(row) for row in rows] != space["widths"].tolist():
        raise ValueError(
            f"a class should have vectors, and words, of the widths {space['widths'].tolist()}, but they are "
            f"{[len(row) for row in rows]}."
        )
    whole = [np.concatenate(rows)] if space["whole"] else rows
    scaled = (np.concatenate([row / np.linalg.norm(row) for row in whole]) - space["offset"]) * space["scale"]
    mapped = scaled @ space["matrix"] if "matrix" in space else scaled
    return np.asarray(mapped.astype(np.float32) @ space["regression"], dtype=np.float32)


def count_words(text: str) -> np.ndarray:
    """(4096,): 1 + log count of each word of two characters or more, in the column that its CRC-32 names."""
    row, folded = np.zeros(WORDS_WIDTH, dtype=np.float32), text.casefold()
    for word, count in Counter(re.findall(r"\w\w+", folded) or [folded]).items():
        row[crc32(word.encode("utf-8", "surrogatepass")) % WORDS_WIDTH] += 1 + np.log(count)
    return row


def centre_of_clips(
    features: np.ndarray, expected: np.ndarray | None = None, folder: Path = HERE
) -> tuple[np.ndarray, float]:
    """The centre (W,) of a class that a few clips show, and what to add to cosines to it: a row more for the inputs
    ``seen_centres`` and ``seen_advantages`` of open_heads.onnx, whose rows up to now lie in skeleton_space.npz.

    The centre is (κ · expected + Σ clips) / (κ + n), the clips being in the whitened space.

    Args:
        features: (n, D), of encoder.onnx.
        expected: of :func:`centre_of_vectors`, where the class has a text beyond its label.
        folder: holds skeleton_space.npz.
    """
    space = _arrays(folder / "skeleton_space.npz")
    clips = whitened(features, folder).astype(np.float64)
    weight = 0.0 if expected is None else float(space["kappa"])
    prior = 0.0 if expected is None else weight * expected
    centre = (prior + clips.sum(axis=0)) / (weight + len(clips))
    return np.asarray(centre, dtype=np.float32), float(space["advantage"] / len(clips) ** 1.5)


def whitened(features: np.ndarray, folder: Path = HERE) -> np.ndarray:
    """(n, W): features in the space in which classes have their centres."""
    space = _arrays(folder / "skeleton_space.npz")
    rows = np.asarray(features, dtype=np.float32)
    if space["roots"]:
        rows = np.concatenate([rows, np.sign(rows) * np.sqrt(np.abs(rows))], axis=1)
    rows = rows - space["offset"]
    parts = np.split(rows, len(space["blocks"]), axis=1)
    return np.concatenate([part @ block for part, block in zip(parts, space["blocks"], strict=True)], axis=1)


def check(folder: Path = HERE) -> None:
    """Compare what this file and the graphs make of the clips of test_vectors.npz with what the package made of them.

    Raises:
        ValueError: something differs by more than rounding does.
    """
    import onnxruntime

    wanted = _arrays(folder / "test_vectors.npz")
    clips = []
    for number, (layout, fps) in enumerate(zip(wanted["layouts"], wanted["fps"], strict=True)):
        frames, times = wanted[f"frames_{number}"], wanted.get(f"times_{number}")
        clips.append(prepare(recording(frames, str(layout), float(fps), times, folder), folder=folder))
    prepared = np.stack(clips)
    encoder, heads = (
        onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
        for name in ("encoder.onnx", "heads.onnx")
    )
    (features,) = encoder.run(["features"], {"clips": prepared})
    (scores,) = heads.run(["scores"], {"features": features, "unseen_prototypes": wanted["unseen_prototypes"]})
    for name, found, most in (("prepared", prepared, 1e-5), ("features", features, 1e-3), ("scores", scores, 1e-3)):
        difference = float(np.abs(found - wanted[name]).max())
        if not difference <= most * max(1.0, float(np.abs(wanted[name]).max())):
            raise ValueError(f"{name} should be as in test_vectors.npz, but they differ by {difference:.2g}.")
        print(f"{name}: as the package's, to {difference:.1g}")


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as found:
        return dict(found)


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    try:
        check()
    except ValueError as error:
        sys.exit(str(error))
