"""People in pictures that follow one another, through MediaPipe: 33 joints in metres, around the middle of the hips.

What finds people is a seam, :data:`FindPoses`. MediaPipe fills it in two ways. Up to 0.10.21 its wheel holds a model
for one person, which works offline. Newer ones have the Tasks interface alone, which finds several people, and takes a
model from a file.

MediaPipe estimates each joint's place from one camera: x to the right of the picture, y down, z away from the camera.
Half a turn about x makes y point up and z to the camera, still right-handed. The origin moves with the hips, so that a
person's way through the room is lost, and where people are to one another.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, redirect_stderr
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from gzssar.errors import DataError, MissingExtraError
from gzssar.skeletons.layout import MEDIAPIPE33

Image = UInt8[np.ndarray, "H W 3"]
"""Red, green and blue."""

HALF_TURN = (1.0, -1.0, -1.0)
"""From MediaPipe's axes to y up and z to the camera."""

MOST_PEOPLE = 4
"""People that the Tasks interface looks for in a picture; each costs time."""

MEDIAPIPE = "pip install --no-deps mediapipe==0.10.21 (Python 3.12 or older)"
INSTALL = f"pip install 'gzssar[pose]' and then {MEDIAPIPE}"
_GRAPH = "mediapipe/modules/pose_landmark/pose_landmark_cpu.binarypb"
_QUIET_PICTURES = 30
"""Pictures after which the libraries may print again, if nobody is seen."""
_SHOULDERS, _HIPS = [11, 12], [23, 24]
_SAME_PERSON = 2.0
"""Torso lengths between two pictures that one person may move, at most."""
_FORGOTTEN = 1.0
"""Seconds after which the place of somebody who left is free for others."""


class Picture(NamedTuple):
    """One picture of a sequence."""

    pixels: Image
    time: float
    """The time in seconds."""


class Pose(NamedTuple):
    """One person in one picture."""

    joints: Float[np.ndarray, "33 3"]
    """Positions in metres, in MediaPipe's axes."""

    visibility: Float[np.ndarray, "33"] | None = None
    """How sure MediaPipe is of each joint, from 0 to 1, if it says so."""

    places: Float[np.ndarray, "33 2"] | None = None
    """The places of the joints in the picture, as shares of its longer side, if known."""


class Sighting(NamedTuple):
    """The people in one picture."""

    time: float
    """The time of the picture in seconds."""

    people: tuple[Pose, ...]
    """The people, in any order."""


FindPoses = Callable[[Iterable[Picture]], Iterator[Sighting]]
"""From pictures in order to who is seen in each, one by one as they come."""


def pose_finder(model: Path | None = None) -> FindPoses:
    """The function that finds people in pictures. It loads its model when it gets the first picture.

    Args:
        model: a model file of the Tasks interface; by default, the model in MediaPipe's wheel.

    Raises:
        DataError: there is no such file.
    """
    if model is None:
        return packaged_poses
    if not model.is_file():
        raise DataError(f"{model} should be a pose model of MediaPipe (.task), but there is no such file.")
    return partial(tasks_poses, model=model)


def lacks_packaged_model() -> bool:
    """Whether MediaPipe is installed without a model in its wheel."""
    package = find_spec("mediapipe")
    return (
        package is not None and package.origin is not None and not (Path(package.origin).parents[1] / _GRAPH).exists()
    )


def packaged_poses(pictures: Iterable[Picture]) -> Iterator[Sighting]:
    """Find one person with the MediaPipe Pose model of medium size, which is in MediaPipe's wheel.

    The graph runs as it is in the package, without the options of ``mediapipe.solutions.pose``, which need an old
    version of protobuf. The thresholds are those of that class, 0.5.

    Raises:
        MissingExtraError: MediaPipe is not installed, or in a version without this graph.
    """
    with quietly():
        try:
            from mediapipe.python.solution_base import SolutionBase
            from mediapipe.python.solutions import pose  # noqa: F401  # registers what the graph is made of
        except ImportError as error:
            raise MissingExtraError(_lacking()) from error
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

    def look(picture: Picture) -> tuple[Pose, ...]:
        found = graph.process(square(picture.pixels))
        if found.pose_world_landmarks is None:
            return ()
        return (_pose(found.pose_world_landmarks.landmark, found.pose_landmarks.landmark),)

    with closing(graph):
        yield from _sightings(pictures, look)


def tasks_poses(pictures: Iterable[Picture], model: Path) -> Iterator[Sighting]:
    """Find up to :data:`MOST_PEOPLE` people, by the Tasks interface of MediaPipe.

    Args:
        pictures: in order.
        model: a file of MediaPipe's, pose_landmarker_….task.

    Raises:
        MissingExtraError: MediaPipe is not installed.
        DataError: the file is no such model.
    """
    with quietly():
        try:
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            raise MissingExtraError(_lacking()) from error
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=MOST_PEOPLE,
        )
        try:
            finder = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise DataError(
                f"{model} should be a pose model of MediaPipe (pose_landmarker_….task), but MediaPipe cannot load it "
                f"({reason[:120]})."
            ) from error
    last = -1

    def look(picture: Picture) -> tuple[Pose, ...]:
        nonlocal last
        last = max(last + 1, round(1000 * picture.time))  # each later than the one before, as it has to be
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=square(picture.pixels))
        found = finder.detect_for_video(image, last)
        seen = zip(found.pose_world_landmarks, found.pose_landmarks, strict=True)
        return tuple(_pose(joints, places) for joints, places in seen)

    with finder:
        yield from _sightings(pictures, look)


def _sightings(pictures: Iterable[Picture], look: Callable[[Picture], tuple[Pose, ...]]) -> Iterator[Sighting]:
    """Who is in each picture.

    The libraries are kept quiet until somebody is seen: by then they have said all they say. They are so only while
    they look: others of this process may have something to say while pictures are awaited.
    """
    quiet = True
    for number, picture in enumerate(pictures):
        quiet = quiet and number < _QUIET_PICTURES
        with quietly() if quiet else nullcontext():
            people = look(picture)
        quiet = quiet and not people
        yield Sighting(picture.time, people)


class People:
    """Who is who from picture to picture: each keeps a number, and whoever is near where somebody was is the same.

    Numbers go from 0 to one below :data:`MOST_PEOPLE`; of people who left, others get them after a second.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Pose]] = {}

    def numbered(self, sighting: Sighting) -> dict[int, Pose]:
        """Number the people of the next picture."""
        now = sighting.time
        self._known = {number: one for number, one in self._known.items() if now - one[0] <= _FORGOTTEN}
        pairs = sorted(
            (_apart(before, pose), number, place)
            for number, (_, before) in self._known.items()
            for place, pose in enumerate(sighting.people)
        )
        given, left = dict[int, Pose](), dict(enumerate(sighting.people))
        for distance, number, place in pairs:
            if distance <= _SAME_PERSON and number not in given and place in left:
                given[number] = left.pop(place)
        free = (number for number in range(MOST_PEOPLE) if number not in self._known)
        given |= zip(free, left.values(), strict=False)
        self._known |= {number: (now, pose) for number, pose in given.items()}
        return given


def bodies_of(people: dict[int, Pose]) -> Float[np.ndarray, "M 33 3"]:
    """People as bodies, each at its number, with y up and z to the camera; zeros where nobody has the number."""
    bodies = np.zeros((max(people, default=-1) + 1, MEDIAPIPE33.joint_count, 3), dtype=np.float32)
    for number, pose in people.items():
        bodies[number] = pose.joints * HALF_TURN
    return bodies


def torsos_apart(here: Float[np.ndarray, "33 2"], there: Float[np.ndarray, "33 2"]) -> float:
    """How far apart the middles of two torsos are in a picture, in lengths of the longer one."""
    (shoulders, hips), (later_shoulders, later_hips) = (
        (places[_SHOULDERS].mean(axis=0), places[_HIPS].mean(axis=0)) for places in (here, there)
    )
    way = np.linalg.norm((later_shoulders + later_hips - shoulders - hips) / 2)
    longest = max(np.linalg.norm(shoulders - hips), np.linalg.norm(later_shoulders - later_hips))
    return float(way / longest) if longest else 0.0


def _apart(one: Pose, other: Pose) -> float:
    return 0.0 if one.places is None or other.places is None else torsos_apart(one.places, other.places)


def _pose(joints: Sequence[Any], places: Sequence[Any]) -> Pose:
    told = [_visibility(joint) for joint in joints]
    return Pose(
        np.array([(joint.x, joint.y, joint.z) for joint in joints]),
        None if None in told else np.array(told),
        np.array([(joint.x, joint.y) for joint in places]),
    )


def _visibility(landmark: Any) -> float | None:
    """As a landmark tells it: a message of protobuf in the packaged graph, an object in the Tasks interface."""
    if hasattr(landmark, "HasField") and not landmark.HasField("visibility"):
        return None
    return None if landmark.visibility is None else float(landmark.visibility)


def square(picture: Image) -> UInt8[np.ndarray, "L L 3"]:
    """A picture with black below or beside it: MediaPipe projects exactly in squares alone."""
    height, width, _ = picture.shape
    side = max(height, width)
    return np.pad(picture, ((0, side - height), (0, side - width), (0, 0)))


def _lacking() -> str:
    """What to install, or which model to name, so that people are found."""
    try:
        import mediapipe
    except ImportError:
        return f"finding people in pictures needs MediaPipe 0.10.21: {INSTALL}."
    return (
        f"MediaPipe {mediapipe.__version__} has no pose model in its wheel: fetch one with gzssar models get "
        f"mediapipe-pose, or name a file (pose_landmarker_….task) with --pose-model, or {INSTALL}."
    )


@contextmanager
def quietly() -> Iterator[None]:
    """Keep what libraries print, C++ ones too, from standard error, where our own sentences stand."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
