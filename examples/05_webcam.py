"""A webcam or a video: the answer for the last two seconds is written on the picture.

Usage: python examples/05_webcam.py [VIDEO] [--model FOLDER]

ESC or q ends the program. Without a folder, it uses the packaged model, which knows 27 actions. It needs MediaPipe
(docs/recordings.md, Videos) and an OpenCV with windows, which gzssar[pose] does not install: pip uninstall
opencv-python-headless, then pip install opencv-python.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count, tee
from pathlib import Path
from queue import Queue
from threading import Thread

import cv2
import numpy as np

from gzssar import LAYOUTS, GzssarError, Prediction, Recognizer, SkeletonSequence
from gzssar.inference import LiveAnswer, Picture, answer_frames, packaged_poses

TITLE, STRIDE = "gzssar", 0.3  # seconds from answer to answer
ENDS = (27, ord("q"))
Y_UP = (1, -1, -1)  # MediaPipe's y points down and its z away from the camera; the recognizer's do not


def main(source: int | str = 0, model: Path | None = None) -> None:
    """Find poses in this thread, and recognize actions in another thread, which skips frames if it is too slow."""
    video = cv2.VideoCapture(source)
    if not video.isOpened():
        sys.exit(f"gzssar: {f'camera {source}' if source == 0 else source} cannot be opened.")
    try:
        cv2.namedWindow(TITLE)
    except cv2.error:
        sys.exit("gzssar: this OpenCV has no windows: pip uninstall opencv-python-headless, pip install opencv-python.")
    recognizer = Recognizer.from_pretrained(model)
    lines, said = Queue[str | None](), ["too early"]

    def answer(clips: Sequence[SkeletonSequence]) -> list[Prediction]:
        return recognizer.predict(list(clips), abstain=True)

    def recognize() -> None:
        come = iter(lines.get, None)
        for found in answer_frames(
            come, answer, LAYOUTS["mediapipe33"], stride=STRIDE, on_bad=print, behind=lambda: not lines.empty()
        ):
            said.append(words(found))

    answers = Thread(target=recognize, daemon=True)
    answers.start()
    shown, read = tee(pictures(video, live=source == 0))
    poses = packaged_poses(Picture(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), seconds) for seconds, picture in read)
    for (seconds, picture), sighting in zip(shown, poses, strict=True):
        joints = [(pose.joints * Y_UP).tolist() for pose in sighting.people]
        lines.put(json.dumps({"joints": joints, "time": seconds}))
        cv2.putText(picture, said[-1], (20, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 255, 0), 2)
        cv2.imshow(TITLE, picture)
        if cv2.waitKey(1) in ENDS:
            break
    video.release()
    cv2.destroyAllWindows()
    lines.put(None)
    answers.join()
    print(said[-1])


def pictures(video: cv2.VideoCapture, live: bool) -> Iterator[tuple[float, np.ndarray]]:
    """Pictures and their times: from the clock or, for a video, from its frame rate."""
    fps = video.get(cv2.CAP_PROP_FPS) or 30
    for number in count():
        there, picture = video.read()
        if not there:
            return
        yield time.monotonic() if live else number / fps, picture


def words(found: LiveAnswer) -> str:
    """The answer in words."""
    if found.prediction is None:
        return "too early" if found.warning else "nobody is there"
    return found.prediction.in_words


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?", default=0, help="a file; the first camera without it")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a fitted recognizer")
    arguments = parser.parse_args()
    try:
        main(arguments.video, arguments.model)
    except GzssarError as error:
        sys.exit(f"gzssar: {error}")
