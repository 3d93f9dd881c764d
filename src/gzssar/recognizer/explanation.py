"""Why a class scores as it does: which of its texts the clip resembles, and which joints and frames carried it."""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gzssar.encoders.streams import SkeletonEncoder
from gzssar.features.whitening import cosines
from gzssar.recognizer.parts import KnownClass, Parts, kinds_of_text, text_tables
from gzssar.running import one_thread
from gzssar.skeletons.moving import find_action
from gzssar.skeletons.preprocess import frames_shown
from gzssar.skeletons.resampling import resample
from gzssar.skeletons.sequence import SkeletonSequence

WINDOWS = 10
"""Parts of a clip that are hidden one after the other."""


@dataclass(frozen=True)
class Explanation:
    """Why a class has its score for a clip."""

    label: str

    similarity: dict[str, float]
    """For each kind of text (label, action, motion): the cosine, in [-1, 1], between the clip and the centre that is
    predicted from this text alone."""

    joints: Float[np.ndarray, "V"]
    """How much the cosine to the centre of the class falls if a joint (NTU-25 order) is held at its mean position, as a
    share of the falls of all joints. The shares sum to 1, or are all 0 if the cosine falls for no joint."""

    frames: Float[np.ndarray, "windows"]
    """The same if all joints are held at their mean positions within a window of frames."""

    frame_edges: Float[np.ndarray, "edges"]
    """The beginnings and ends of the windows, as shares of the clip in [0, 1]."""


@one_thread()
def explain(
    parts: Parts, encoder: SkeletonEncoder, clip: SkeletonSequence, known: KnownClass, trim: bool = True
) -> Explanation:
    """Explain one class's score for one clip, by occlusion (Zeiler and Fergus, ECCV 2014) on the prepared clip.

    Args:
        parts: of the recognizer.
        encoder: its skeleton encoder.
        clip: any recording it takes.
        known: one of its classes.
        trim: explain what is said of the part in which somebody moves.

    Raises:
        DataError: the clip is malformed.
    """
    action, start = find_action(clip) if trim else (clip, 0)
    prepared = encoder.prepare(action)
    length = clip.joints.shape[1]
    resampled = resample(action, encoder.fps).joints
    frames = frames_shown(resampled, encoder.frames)[:, : prepared.shape[3]]
    shown = np.full((encoder.frames, prepared.shape[3]), -1.0)  # a body that is not there shows nothing
    own = np.interp(frames / encoder.fps, action.seconds, np.arange(action.joints.shape[1]))
    shown[:, : frames.shape[1]] = start + own
    edges = np.linspace(0, length, min(WINDOWS, length) + 1).round().astype(int)
    hidden = [joint_held(prepared, joint) for joint in range(prepared.shape[2])]
    hidden += [frames_held(prepared, (a <= shown) & (shown < b)) for a, b in itertools.pairwise(edges)]
    features = encoder.encode(np.stack([prepared, *hidden])).features
    space = parts.skeleton_space(features)
    nearness = cosines(space, known.centre[None])[:, 0]
    falls = np.maximum(nearness[0] - nearness[1:], 0).astype(np.float64)
    of_joints, of_frames = falls[: prepared.shape[2]], falls[prepared.shape[2] :]
    similarity = _similarity(parts, space[:1], known)
    return Explanation(known.text.label or "", similarity, _shares(of_joints), _shares(of_frames), edges / length)


def joint_held(prepared: Float[np.ndarray, "C T V M"], joint: int) -> Float[np.ndarray, "C T V M"]:
    """A clip in which one joint stays at its mean position."""
    held = prepared.copy()
    held[:, :, joint] = prepared[:, :, joint].mean(axis=1, keepdims=True)
    return held


def frames_held(
    prepared: Float[np.ndarray, "C T V M"], inside: Bool[np.ndarray, "T M"]
) -> Float[np.ndarray, "C T V M"]:
    """A clip in which all joints stay at their mean position, body by body, inside some frames."""
    return np.where(inside[None, :, None, :], prepared.mean(axis=1, keepdims=True), prepared)


def _shares(falls: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    return falls / falls.sum() if falls.sum() > 0 else falls


def _similarity(parts: Parts, clip: Float[np.ndarray, "1 W"], known: KnownClass) -> dict[str, float]:
    """Cosine of the clip and of the centre that the class's texts of one kind let expect, one kind at a time."""
    kinds, tables = zip(*text_tables(parts, known.tables, known.text), strict=True)
    parted = np.split(parts.text_space.rows(tables)[0], np.cumsum([table.shape[1] for table in tables])[:-1])
    told: dict[str, float] = {}
    for kind in kinds_of_text(parts):
        alone = [part if of == kind else np.zeros_like(part) for part, of in zip(parted, kinds, strict=True)]
        centre = parts.text_space.project(np.concatenate(alone)[None]) @ parts.regression
        told[kind] = float(cosines(clip, centre.astype(np.float32))[0, 0])
    return told
