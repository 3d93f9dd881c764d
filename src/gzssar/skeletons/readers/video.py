"""Videos of one person, through MediaPipe Pose (BlazePose): 33 joints in metres, around the middle of the hips.

MediaPipe estimates each joint's place from one camera: x to the right of the picture, y down, z away from the camera.
Half a turn about x makes y point up and z to the camera, still right-handed. The origin moves with the hips, so that
the person's way through the room is lost; what encoders read is centred on the spine anyway.

Frames in which nobody is seen are bridged by straight lines up to a second; where nobody is seen for longer, and before
the first and after the last sighting, nobody is there.

MediaPipe follows one person, and finds another where it loses the first: who is read then changes place faster than
people move, which the clip's doubts say.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, redirect_stderr
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from gzssar.errors import DataError, MissingExtraError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import MEDIAPIPE33, Layout
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, as_visibility, make_clip
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

Image = UInt8[np.ndarray, "H W 3"]
"""Red, green and blue."""

HALF_TURN = (1.0, -1.0, -1.0)
"""From MediaPipe's axes to y up and z to the camera."""


class Pose(NamedTuple):
    """One person in one picture."""

    joints: Float[np.ndarray, "33 3"]
    """Metres, in MediaPipe's axes."""

    visibility: Float[np.ndarray, "33"] | None = None
    """How sure MediaPipe is of each joint, from 0 to 1, where it says so."""

    places: Float[np.ndarray, "33 2"] | None = None
    """Where the joints are in the picture, in shares of its longer side, where it is known."""


FindPoses = Callable[[Iterator[Any]], Iterable[Pose | None]]
"""From pictures in order to a pose each, or None where nobody is seen."""

_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ")
"""Brands of the same container that are no videos: photographs and sound."""
FEWEST_SEEN = 0.1
"""Share of the frames in which somebody must be seen."""
LONGEST_BRIDGE = 1.0
"""Seconds."""
_FASTEST_PERSON = 20.0
"""Torso lengths per second, some 10 m/s, that people move at most."""
_SHOULDERS, _HIPS = [11, 12], [23, 24]
_FASTEST = 1000.0
"""Frames per second; containers without a frame rate state their clock's."""

_INSTALL = "pip install 'gzssar[pose]' and then pip install --no-deps mediapipe==0.10.21 (Python 3.12 or older)"
_GRAPH = "mediapipe/modules/pose_landmark/pose_landmark_cpu.binarypb"


class VideoReader:
    """Videos, by MediaPipe."""

    kind = "video of one person (MP4, MOV, AVI, WebM, MKV)"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file is a container of videos."""
        if start[4:8] == b"ftyp":
            return start[8:12] not in _PICTURES
        is_avi = start.startswith(b"RIFF") and start[8:12] == b"AVI "
        is_matroska = start.startswith(b"\x1a\x45\xdf\xa3")
        is_old_quicktime = start[4:8] in (b"moov", b"mdat", b"wide")
        return is_avi or is_matroska or is_old_quicktime

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file.

        Raises:
            ConfigError: the options name another layout than mediapipe33.
        """
        layout = agreed_layout(options, MEDIAPIPE33.name, path)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(read_video, path, layout, options))])


def read_video(
    path: Path, layout: Layout, options: ReadOptions, find_poses: FindPoses | None = None
) -> SkeletonSequence:
    """Find the person of a video in every frame.

    Args:
        path: the video.
        layout: mediapipe33.
        options: frames per second, for files that do not say.
        find_poses: what finds people; MediaPipe without it.

    Raises:
        MissingExtraError: OpenCV or MediaPipe is not installed.
        DataError: the video cannot be read, or shows nobody in nearly all frames.
        ConfigError: the options name another frame rate than the file.
    """
    find_poses = mediapipe_poses if find_poses is None else find_poses
    fps, pictures = _open(path, options)
    poses = list(find_poses(pictures))
    if not poses:
        raise DataError(f"{path} should be a video, but no frame of it can be read: it is damaged or has no picture.")
    seen = sum(pose is not None for pose in poses)
    if seen < max(1, FEWEST_SEEN * len(poses)):
        raise DataError(
            f"{path} should show one person, head to feet, but in {len(poses) - seen} of {len(poses)} frames nobody is "
            "seen: film from nearer or in better light, or cut out the part with the person."
        )
    joints, visibility = bridge(poses, max(1, round(LONGEST_BRIDGE * fps)))
    doubts = _several_people(poses, fps)
    return make_clip(joints, options, name=path.name, fps=fps, layout=layout, visibility=visibility, doubts=doubts)


def bridge(
    poses: Sequence[Pose | None], longest: int
) -> tuple[Float[np.ndarray, "3 T 33 1"], Float[np.ndarray, "T 33 1"] | None]:
    """Turn poses into joints with y up and their visibility, if all have one; short gaps become straight lines, long
    ones and both ends nobody (zeros).

    Args:
        poses: one per frame, None where nobody is seen; one at least is.
        longest: frames that are bridged at most.
    """
    sightings = [(frame, pose) for frame, pose in enumerate(poses) if pose is not None]
    at = np.array([frame for frame, _ in sightings])
    joints = _filled(np.stack([pose.joints * HALF_TURN for _, pose in sightings]), at, len(poses), longest)
    told = [pose.visibility for _, pose in sightings if pose.visibility is not None]
    visibility = _filled(np.stack(told), at, len(poses), longest) if len(told) == len(at) else None
    return joints.transpose(2, 0, 1)[..., None], None if visibility is None else as_visibility(visibility[..., None])


def _filled(
    known: Float[np.ndarray, "K *numbers"], at: Int[np.ndarray, "K"], count: int, longest: int
) -> Float[np.ndarray, "T *numbers"]:
    """What is known at some of `count` frames, in all of them."""
    frames = np.arange(count)
    columns = known.reshape(len(known), -1).T
    filled = np.stack([np.interp(frames, at, column) for column in columns], axis=1)
    after = np.searchsorted(at, frames)
    before_frame, after_frame = at[np.maximum(after - 1, 0)], at[np.minimum(after, len(at) - 1)]
    inside = (frames >= at[0]) & (frames <= at[-1])
    there = np.isin(frames, at) | (inside & (after_frame - before_frame - 1 <= longest))
    filled[~there] = 0
    return filled.astype(np.float32).reshape(count, *known.shape[1:])


def _several_people(poses: Sequence[Pose | None], fps: float) -> tuple[Doubt, ...]:
    """Doubt whose clip it is, where the one who is read changes place faster than people move."""
    sightings = [(frame, pose.places) for frame, pose in enumerate(poses) if pose and pose.places is not None]
    leaps = [
        after
        for (before, here), (after, there) in pairwise(sightings)
        if _torsos(here, there) > max(1.0, _FASTEST_PERSON * (after - before) / fps)
    ]
    if not leaps:
        return ()
    often = "once" if len(leaps) == 1 else f"{len(leaps)} times"
    sentence = (
        f"Who is read changes place abruptly, {often}, first at {leaps[0] / fps:.1f} s: several people are in the "
        "picture, of whom one is read, or the film was cut. Cut out a part with one person."
    )
    return (Doubt("several-people", sentence),)


def _torsos(here: Float[np.ndarray, "33 2"], there: Float[np.ndarray, "33 2"]) -> float:
    """How far apart the middles of two torsos are, in lengths of the longer one."""
    (shoulders, hips), (later_shoulders, later_hips) = (
        (places[_SHOULDERS].mean(axis=0), places[_HIPS].mean(axis=0)) for places in (here, there)
    )
    way = np.linalg.norm((later_shoulders + later_hips - shoulders - hips) / 2)
    longest = max(np.linalg.norm(shoulders - hips), np.linalg.norm(later_shoulders - later_hips))
    return float(way / longest) if longest else 0.0


def _open(path: Path, options: ReadOptions) -> tuple[float, Iterator[Image]]:
    """Frames per second, and pictures one after another."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong with a video is said by us, in a sentence
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(f"{path} is a video, and reading it needs OpenCV and MediaPipe: {_INSTALL}.") from error
    with _quiet():
        video = cv2.VideoCapture(str(path))
    if not video.isOpened():
        raise DataError(f"{path} should be a video, but it cannot be read: it is damaged or packed in an unusual way.")
    stated = float(video.get(cv2.CAP_PROP_FPS))
    known = np.isfinite(stated) and 0 < stated <= _FASTEST
    if not known and options.fps is None:
        raise DataError(f"{path} does not say how many frames per second it has: name them.", option="fps")
    fps = agreed_fps(options, stated, path) if known else float(options.fps or 0)

    def pictures() -> Iterator[Image]:
        try:
            while True:
                there, picture = video.read()
                if not there:
                    return
                yield np.ascontiguousarray(picture[..., ::-1])
        finally:
            video.release()

    return fps, pictures()


def mediapipe_poses(pictures: Iterator[Any]) -> Iterator[Pose | None]:
    """Find one person in pictures that follow one another, by MediaPipe Pose of middle size, whose model is in its
    wheel.

    The graph is run as it lies in the package, without the options of ``mediapipe.solutions.pose``, which need an old
    protobuf; thresholds are that class's, 0.5.

    Raises:
        MissingExtraError: MediaPipe is not installed, or in a version without this graph.
    """
    with ExitStack() as quiet:
        quiet.enter_context(_quiet())  # up to the first sighting: by then the libraries have said all they say
        try:
            from mediapipe.python.solution_base import SolutionBase
            from mediapipe.python.solutions import pose  # noqa: F401  # registers what the graph is made of
        except ImportError as error:
            raise MissingExtraError(f"finding people in videos needs MediaPipe 0.10.21: {_INSTALL}.") from error
        graph = SolutionBase(
            binary_graph_path=_GRAPH,
            side_inputs={
                "model_complexity": 1,
                "smooth_landmarks": True,
                "enable_segmentation": False,
                "smooth_segmentation": False,
                "use_prev_landmarks": True,
            },
            outputs=["pose_world_landmarks", "pose_landmarks"],
        )
        with closing(graph):
            for picture in pictures:
                found = graph.process(_square(picture))
                if found.pose_world_landmarks is None:
                    yield None
                else:
                    quiet.close()
                    yield _pose(found.pose_world_landmarks.landmark, found.pose_landmarks.landmark)


def _pose(joints: Sequence[Any], places: Sequence[Any]) -> Pose:
    return Pose(
        np.array([(joint.x, joint.y, joint.z) for joint in joints]),
        np.array([joint.visibility for joint in joints]) if joints[0].HasField("visibility") else None,
        np.array([(joint.x, joint.y) for joint in places]),
    )


def _square(picture: Image) -> UInt8[np.ndarray, "L L 3"]:
    """A picture with black below or beside it: the graph projects exactly in squares alone."""
    height, width, _ = picture.shape
    side = max(height, width)
    return np.pad(picture, ((0, side - height), (0, side - width), (0, 0)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what libraries print, C++ ones too, from standard error, where our own sentences stand."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
