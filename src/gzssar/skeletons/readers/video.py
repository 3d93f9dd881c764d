"""Videos of one person, through what finds people in pictures (:mod:`gzssar.skeletons.poses`).

Frames in which nobody is seen are bridged by straight lines up to a second; where nobody is seen for longer, and before
the first and after the last sighting, nobody is there.

MediaPipe's packaged model follows one person, and finds another where it loses the first: who is read then changes
place faster than people move, which the clip's doubts say.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from gzssar.errors import DataError, MissingExtraError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import MEDIAPIPE33, Layout
from gzssar.skeletons.moving import movement
from gzssar.skeletons.poses import (
    HALF_TURN,
    INSTALL,
    FindPoses,
    People,
    Picture,
    Pose,
    Sighting,
    packaged_poses,
    pose_finder,
    quietly,
    torsos_apart,
)
from gzssar.skeletons.readers.arrays import agreed_fps, agreed_layout, as_visibility, make_clip
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ")
"""Brands of the same container that are no videos: photographs and sound."""
FEWEST_SEEN = 0.1
"""Share of the frames in which somebody must be seen."""
LONGEST_BRIDGE = 1.0
"""Seconds."""
_FASTEST_PERSON = 20.0
"""Torso lengths per second, some 10 m/s, that people move at most."""
_FASTEST = 1000.0
"""Frames per second; containers without a frame rate state their clock's."""
_LARGEST_SIDE = 8192
"""Pixels across and down, of which 8K has 7680: a picture then takes 200 MB, and a decoder keeps several."""


@dataclass(frozen=True)
class VideoReader:
    """Videos, by MediaPipe or whatever else finds people."""

    find_poses: FindPoses | None = None

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
            DataError: there is no such pose model.
        """
        layout = agreed_layout(options, MEDIAPIPE33.name, path)
        find_poses = self.find_poses or pose_finder(options.pose_model)
        return ClipSource(self.kind, [ClipEntry(path.name, partial(read_video, path, layout, options, find_poses))])


def read_video(
    path: Path, layout: Layout, options: ReadOptions, find_poses: FindPoses = packaged_poses
) -> SkeletonSequence:
    """Find the person of a video in every frame.

    Args:
        path: the video.
        layout: mediapipe33.
        options: frames per second, for files that do not say.
        find_poses: what finds people.

    Raises:
        MissingExtraError: OpenCV or MediaPipe is not installed.
        DataError: the video cannot be read, or shows nobody in nearly all frames.
        ConfigError: the options name another frame rate than the file.
    """
    fps, pictures = _open(path, options)
    sightings = list(find_poses(pictures))
    several = any(len(seen.people) > 1 for seen in sightings)
    poses, doubts = (_most_moving if several else _the_one)(sightings, fps)
    if not poses:
        raise DataError(f"{path} should be a video, but no frame of it can be read: it is damaged or has no pictures.")
    seen = sum(pose is not None for pose in poses)
    if seen < max(1, FEWEST_SEEN * len(poses)):
        raise DataError(
            f"{path} should show one person from head to feet, but in {len(poses) - seen} of {len(poses)} frames, "
            "nobody is seen: film from nearer or in better light, or cut out the part with the person."
        )
    joints, visibility = bridge(poses, max(1, round(LONGEST_BRIDGE * fps)))
    return make_clip(joints, options, name=path.name, fps=fps, layout=layout, visibility=visibility, doubts=doubts)


def _the_one(sightings: Sequence[Sighting], fps: float) -> tuple[list[Pose | None], tuple[Doubt, ...]]:
    """The one person of each picture, and whether it is the same one."""
    poses = [next(iter(seen.people), None) for seen in sightings]
    return poses, _several_people(poses, fps)


def _most_moving(sightings: Sequence[Sighting], fps: float) -> tuple[list[Pose | None], tuple[Doubt, ...]]:
    """Of several people the one who moves most."""
    people = People()
    numbered = [people.numbered(seen) for seen in sightings]
    each = [[one.get(number) for one in numbered] for number in sorted(set().union(*numbered))]
    bodies = [bridge(poses, max(1, round(LONGEST_BRIDGE * fps)))[0] for poses in each]
    moved = movement(SkeletonSequence(np.concatenate(bodies, axis=3), fps, MEDIAPIPE33)).mean(axis=0)
    sentence = (
        f"{len(each)} people are seen, and only the one who moves most is read. To read somebody else, cut the others "
        "out of the picture."
    )
    return each[int(moved.argmax())], (Doubt("several-people", sentence),)


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
        if torsos_apart(here, there) > max(1.0, _FASTEST_PERSON * (after - before) / fps)
    ]
    if not leaps:
        return ()
    often = "" if len(leaps) == 1 else f"{len(leaps)} times, first "
    sentence = (
        f"The person who is read changes place abruptly ({often}at {leaps[0] / fps:.1f} s): several people are in the "
        "picture, or the film was cut. Cut out a part with one person."
    )
    return (Doubt("several-people", sentence),)


def _open(path: Path, options: ReadOptions) -> tuple[float, Iterator[Picture]]:
    """Frames per second, and pictures one after another."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong with a video is said by us, in a sentence
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(f"{path} is a video, and reading it needs OpenCV and MediaPipe: {INSTALL}.") from error
    with quietly():
        video = cv2.VideoCapture(str(path))
    if not video.isOpened():
        raise DataError(f"{path} should be a video, but it cannot be read: it is damaged or packed in an unusual way.")
    width, height = (int(video.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if max(width, height) > _LARGEST_SIDE:
        raise DataError(
            f"{path} should have at most {_LARGEST_SIDE} pixels across and down, but it has {width} × {height}: make "
            "it smaller."
        )
    stated = float(video.get(cv2.CAP_PROP_FPS))
    known = np.isfinite(stated) and 0 < stated <= _FASTEST
    if not known and options.fps is None:
        raise DataError(f"{path} does not state its frame rate: name it.", option="fps")
    fps = agreed_fps(options, stated, path) if known else float(options.fps or 0)

    def pictures() -> Iterator[Picture]:
        try:
            for number in count():
                there, picture = video.read()
                if not there:
                    return
                yield Picture(np.ascontiguousarray(picture[..., ::-1]), number / fps)
        finally:
            video.release()

    return fps, pictures()
