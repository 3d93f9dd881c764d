"""Videos of one person, through MediaPipe Pose (BlazePose): 33 joints in metres, around the middle of the hips.

MediaPipe estimates each joint's place from one camera: x to the right of the picture, y down, z away from the camera.
Half a turn about x makes y point up and z to the camera, still right-handed. The origin moves with the hips, so that
the person's way through the room is lost; what encoders read is centred on the spine anyway.

Frames in which nobody is seen are bridged by straight lines up to a second; where nobody is seen for longer, and before
the first and after the last sighting, nobody is there.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, redirect_stderr
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from gzssar.errors import DataError, MissingExtraError
from gzssar.skeletons.layout import MEDIAPIPE33, Layout
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, make_clip
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

Image = UInt8[np.ndarray, "H W 3"]
"""Red, green and blue."""

FindPoses = Callable[[Iterator[Any]], Iterable[Any]]
"""From pictures in order to a pose each, (33, 3) in metres and in MediaPipe's axes, or None where nobody is seen."""

_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ")
"""Brands of the same container that are no videos: photographs and sound."""
_FEWEST_SEEN = 0.1
"""Share of the frames in which somebody must be seen."""
_LONGEST_BRIDGE = 1.0
"""Seconds."""
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
    if seen < max(1, _FEWEST_SEEN * len(poses)):
        raise DataError(
            f"{path} should show one person, head to feet, but in {len(poses) - seen} of {len(poses)} frames nobody is "
            "seen: film from nearer or in better light, or cut out the part with the person."
        )
    joints = bridge(poses, max(1, round(_LONGEST_BRIDGE * fps)))
    return make_clip(joints, options, name=path.name, fps=fps, layout=layout)


def bridge(poses: list[Any], longest: int) -> Float[np.ndarray, "3 T 33 1"]:
    """Turn poses into a clip with y up; short gaps become straight lines, long ones and both ends nobody (zeros).

    Args:
        poses: one per frame, None where nobody is seen; one at least is.
        longest: frames that are bridged at most.
    """
    at = np.array([frame for frame, pose in enumerate(poses) if pose is not None])
    known = np.stack([poses[frame] for frame in at]).reshape(len(at), -1) * np.tile([1.0, -1.0, -1.0], 33)
    frames = np.arange(len(poses))
    filled = np.stack([np.interp(frames, at, column) for column in known.T], axis=1)
    after = np.searchsorted(at, frames)
    before_frame, after_frame = at[np.maximum(after - 1, 0)], at[np.minimum(after, len(at) - 1)]
    inside = (frames >= at[0]) & (frames <= at[-1])
    there = np.isin(frames, at) | (inside & (after_frame - before_frame - 1 <= longest))
    filled[~there] = 0
    return filled.astype(np.float32).reshape(-1, 33, 3).transpose(2, 0, 1)[..., None]


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


def mediapipe_poses(pictures: Iterator[Any]) -> Iterator[Any]:
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
            outputs=["pose_world_landmarks"],
        )
        with closing(graph):
            for picture in pictures:
                found = graph.process(_square(picture)).pose_world_landmarks
                if found is None:
                    yield None
                else:
                    quiet.close()
                    yield np.array([(joint.x, joint.y, joint.z) for joint in found.landmark])


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
