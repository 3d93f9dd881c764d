"""Pictures of a camera that come one by one: who is in them, and what the last seconds show.

One thread takes pictures, one finds people in them, one recognizes what they do, and none waits for another: each takes
the newest there is. Nothing is kept but the last seconds of joints.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Generic, TypeVar

import numpy as np

from gzssar.errors import DataError, MissingExtraError
from gzssar.inference.live import WINDOW, Frame, LiveAnswer, answer_each
from gzssar.inference.segments import Answer
from gzssar.skeletons.layout import MEDIAPIPE33
from gzssar.skeletons.poses import INSTALL, FindPoses, People, Picture, Pose, Sighting, bodies_of, quietly

T = TypeVar("T")

STRIDE = 0.3
"""Seconds from answer to answer."""
_USUAL_FPS = 30.0
"""Of cameras; their pictures carry their times."""

OnSighting = Callable[[Sighting, dict[int, Pose]], None]
"""Told of each picture who is seen, and who is who."""


class Newest(Generic[T]):
    """Hands things from one thread to another, which gets the newest one; those in between are skipped, and counted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._there: list[T] = []
        self._error: BaseException | None = None
        self._ended = False
        self.skipped = 0
        """How many nobody took."""

    def put(self, one: T) -> None:
        """Offer one in place of what waits."""
        with self._changed:
            self.skipped += len(self._there)
            self._there = [one]
            self._changed.notify()

    def end(self, error: BaseException | None = None) -> None:
        """No more will come; what waits is still taken, and then the error raised."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._there or self._ended)
                if not self._there:
                    if self._error is not None:
                        raise self._error
                    return
                one = self._there.pop()
            yield one


def answer_pictures(
    pictures: Iterable[Picture],
    find_poses: FindPoses,
    answer: Answer,
    on_sighting: OnSighting = lambda sighting, people: None,
    window: float = WINDOW,
    stride: float | None = STRIDE,
    on_bad: Callable[[str, DataError], None] | None = None,
) -> Iterator[LiveAnswer]:
    """Find people in pictures, in a separate thread, and give an answer for each person.

    Args:
        pictures: the pictures as they come; they are taken in that thread.
        find_poses: the function that finds people.
        answer: the function that recognizes clips.
        on_sighting: called in that thread with the people of each picture.
        window: the number of seconds that are recognized.
        stride: seconds from answer to answer; None for an answer for each picture.
        on_bad: called with windows that cannot be recognized.

    Raises:
        GzssarError: an error while pictures are taken or people are found.
    """
    frames: Queue[Frame | BaseException | None] = Queue()

    def find() -> None:
        people = People()
        try:
            for sighting in find_poses(pictures):
                numbered = people.numbered(sighting)
                on_sighting(sighting, numbered)
                frames.put(Frame(bodies_of(numbered), sighting.time))
        except BaseException as error:  # it is raised where the answers are taken
            frames.put(error)
        else:
            frames.put(None)

    def come() -> Iterator[tuple[int, Frame]]:
        number = 0
        while (frame := frames.get()) is not None:
            if isinstance(frame, BaseException):
                raise frame
            number += 1
            yield number, frame

    def behind() -> bool:
        return not frames.empty()

    threading.Thread(target=find, name="gzssar-poses", daemon=True).start()
    return answer_each(come(), answer, MEDIAPIPE33, _USUAL_FPS, window, stride, on_bad, behind, apart=True)


@contextmanager
def camera_pictures(number: int) -> Iterator[Iterable[Picture]]:
    """Take pictures with a camera of this machine, in a separate thread, and release the camera at the end.

    Args:
        number: the number of the camera, from 0.

    Raises:
        MissingExtraError: OpenCV is not installed.
        DataError: there is no such camera, or another program uses it; or it stops while pictures are taken.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what is wrong with a camera is said by us, in a sentence
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(f"a camera needs OpenCV and MediaPipe: {INSTALL}.") from error
    with quietly():
        camera = cv2.VideoCapture(number)
    if not camera.isOpened():
        raise DataError(
            f"camera {number} should give pictures, but it cannot be opened: check that it is connected, that no other "
            "program uses it, and that this program may use it; or give another number."
        )
    newest, done = Newest[Picture](), threading.Event()

    def take() -> None:
        while not done.is_set():
            there, picture = camera.read()
            if not there:
                newest.end(DataError(f"camera {number} gives no more pictures: was it unplugged?"))
                break
            newest.put(Picture(np.ascontiguousarray(picture[..., ::-1]), time.monotonic()))
        camera.release()

    threading.Thread(target=take, name="gzssar-camera", daemon=True).start()
    try:
        yield newest
    finally:
        done.set()
        newest.end()
