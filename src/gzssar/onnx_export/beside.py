"""What stands beside the graphs, so that numpy and ONNX Runtime alone answer as the package does: ``prepare.py`` and
what it reads.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gzssar.encoders.streams import SkeletonEncoder
from gzssar.files import write_json, write_text, writing
from gzssar.recognizer import Recognizer
from gzssar.recognizer.parts import KnownClass, Parts
from gzssar.skeletons.conversion import ntu25_weights
from gzssar.skeletons.layout import LAYOUTS, NTU25, Layout
from gzssar.skeletons.preprocess import SPINE_SHOULDER
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.synthetic import SyntheticWorld
from gzssar.synthetic.world import FPS
from gzssar.texts.words import WIDTH

_PROGRAM = Path(__file__).with_name("prepare.py")
"""Copied as it is, and so written in numpy alone."""


def write_beside(
    folder: Path, recognizer: Recognizer, centres: Float[np.ndarray, "S W"], advantages: Float[np.ndarray, "S"]
) -> None:
    """Write ``prepare.py`` and what it reads: ``prepare.json``, ``text_space.npz``, ``skeleton_space.npz`` and
    ``test_vectors.npz``.

    Args:
        folder: holds the graphs.
        recognizer: with an encoder.
        centres: of the seen classes.
        advantages: what is added to cosines to these.

    Raises:
        OSError: a file cannot be written.
    """
    parts, known = recognizer.parts, recognizer.known
    write_text(folder / _PROGRAM.name, _PROGRAM.read_text(encoding="utf-8"))
    write_json(folder / "prepare.json", _preparation(recognizer.encoder))
    _write_arrays(folder / "text_space.npz", _text_space(parts, known[0]))
    skeletons = {**_skeleton_space(parts), "seen_centres": centres, "seen_advantages": advantages}
    _write_arrays(folder / "skeleton_space.npz", skeletons)
    _write_arrays(folder / "test_vectors.npz", _test_vectors(recognizer))


def _write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    with writing(path) as file:
        np.savez(file, **arrays)


def _preparation(encoder: SkeletonEncoder) -> dict[str, Any]:
    """How the encoder wants its clips, and the layouts they may come in."""
    return {
        "frames": encoder.frames,
        "fps": encoder.fps,
        "bodies": encoder.members[0].network.body_count,
        "streams": list(encoder.streams),
        "bones": [list(bone) for bone in NTU25.rooted_at(SPINE_SHOULDER).bones],
        "layouts": {
            name: {"joints": list(layout.joint_names), "ntu25": _estimates(layout)} for name, layout in LAYOUTS.items()
        },
    }


def _estimates(layout: Layout) -> dict[str, dict[str, float]]:
    """NTU joint → joint of the layout → weight."""
    return {
        joint: {layout.joint_names[source]: float(row[source]) for source in np.flatnonzero(row)}
        for joint, row in zip(NTU25.joint_names, ntu25_weights(layout), strict=True)
    }


def _text_space(parts: Parts, known: KnownClass) -> dict[str, Any]:
    """What turns vectors of texts into a centre, and what the vectors are."""
    space, encoding = parts.text_space, parts.encoding
    words = [WIDTH] * len(parts.kinds) if parts.words else []
    arrays: dict[str, Any] = {
        "whole": space.whole,
        "offset": space.offset,
        "scale": np.ones(len(space.offset)) if space.scale is None else space.scale,
        "regression": parts.regression,
        "kinds": list(parts.kinds),
        "encoders": list(encoding.encoder),
        "revisions": list(parts.revisions),
        "template": encoding.template,
        "words": parts.words,
        "widths": [*(row.size for row in known.tables), *words],
    }
    return arrays if space.matrix is None else {**arrays, "matrix": space.matrix}


def _skeleton_space(parts: Parts) -> dict[str, Any]:
    """What turns features of clips into a centre."""
    space, prior = parts.skeleton_space, parts.prior
    blocks = np.eye(space.width, dtype=np.float32)[None] if space.blocks is None else space.blocks
    return {
        "offset": space.offset,
        "blocks": blocks,
        "roots": space.roots,
        "kappa": prior.clips,
        "advantage": prior.advantage,
    }


def _test_vectors(recognizer: Recognizer) -> dict[str, Any]:
    """A few clips, and what the package makes of them."""
    clips = _test_clips()
    prepared = recognizer.prepare(clips)
    features = recognizer.encoder.encode(prepared).features
    arrays: dict[str, Any] = {
        "layouts": [clip.layout.name for clip in clips],
        "fps": [clip.fps for clip in clips],
        "prepared": prepared,
        "features": features,
        "scores": recognizer.predict_proba(clips),
        "unseen_prototypes": np.stack([one.centre for one in recognizer.known if not one.seen]),
    }
    for number, clip in enumerate(clips):
        arrays[f"frames_{number}"] = clip.joints.transpose(1, 3, 2, 0)
        if clip.times is not None:
            arrays[f"times_{number}"] = clip.times
    return arrays


def _test_clips() -> list[SkeletonSequence]:
    """One body in NTU's joints, one in Kinect v1's, one in MediaPipe's at uneven times, and two bodies of which one
    comes late."""
    frames = 48
    drawn = SyntheticWorld(clips_per_class=1, frames=frames, subject_count=1).clips().joints[::12]
    late = drawn[3] + np.float32(1)
    late[:, : frames // 4] = 0
    two, at = np.concatenate([drawn[0], late], axis=-1), np.arange(frames)
    return [
        _test_clip(drawn[0], "ntu25"),
        _test_clip(drawn[1], "kinect20"),
        _test_clip(drawn[2], "mediapipe33", times=(at + 0.3 * np.sin(at)) / FPS),
        _test_clip(two, "ntu25"),
    ]


def _test_clip(
    joints: Float[np.ndarray, "3 T 25 M"], layout: str, times: Float[np.ndarray, "T"] | None = None
) -> SkeletonSequence:
    """A clip of which some joints of a layout are made up so that NTU's come out right, or nearly so."""
    back = np.linalg.pinv(ntu25_weights(LAYOUTS[layout]))
    frames = np.einsum("vn,ctnm->tmvc", back, joints)
    return SkeletonSequence.from_frames(frames, layout, FPS, times=times)
