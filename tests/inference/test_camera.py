"""Pictures of a camera: who hands what to whom, and what is said of people in them. Poses are made by hand."""

import io
import json
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gzssar.commands.options import Reading
from gzssar.commands.predict import PredictConfig, answer
from gzssar.errors import DataError, MissingExtraError
from gzssar.inference.camera import Newest, answer_pictures, camera_pictures
from gzssar.inference.live import answer_frames
from gzssar.recognizer import Prediction
from gzssar.skeletons.layout import MEDIAPIPE33
from gzssar.skeletons.poses import HALF_TURN, Picture, Pose, Sighting
from predict_world import MODEL, any_model

RIGHT_WRIST = MEDIAPIPE33.joint_names.index("right wrist")


def person(hand=0.0, at=0.5):
    """Somebody whose right wrist is so many metres high, at a place of the picture."""
    joints = np.zeros((33, 3))
    joints[[11, 12], 1], joints[[23, 24], 1], joints[[25, 26, 27, 28], 1] = -0.5, 0.0, 0.8
    joints[[11, 23, 25, 27], 0], joints[[12, 24, 26, 28], 0] = 0.2, -0.2
    joints[RIGHT_WRIST] = -0.4, -hand, 0.0
    return Pose(joints, np.ones(33), np.array([at, 0.5]) + 0.2 * joints[:, :2])


def pictures(count, fps=10.0):
    return [Picture(np.zeros((4, 4, 3), np.uint8), number / fps) for number in range(count)]


def finder(*people):
    """Finds in each picture those people, in this order."""

    def find(pictures):
        for seen, picture in zip(people, pictures, strict=False):
            yield Sighting(picture.time, tuple(seen))

    return find


def highest(clips):
    """Says of each clip how high the wrist gets, how many bodies are in it, and how many frames."""
    found = []
    for clip in clips:
        height = float(clip.joints[1, :, RIGHT_WRIST].max())
        label = f"{height:.1f} m, {clip.joints.shape[3]} bodies, {clip.joints.shape[1]} frames"
        found.append(Prediction(({"label": label, "score": 1.0, "seen": True},), 1.0))
    return found


def answers(*people, stride=None, **more):
    found = list(answer_pictures(pictures(len(people)), finder(*people), highest, stride=stride, **more))
    return [None if one.prediction is None else one.prediction[0]["label"] for one in found], found


def test_the_newest_wins_and_what_was_skipped_is_counted():
    newest = Newest()
    for number in range(3):
        newest.put(number)
    newest.end()
    assert list(newest) == [2]
    assert newest.skipped == 2


def test_whoever_waits_gets_what_comes():
    newest, taken = Newest(), []
    thread = threading.Thread(target=lambda: taken.extend(newest))
    thread.start()
    newest.put("one")
    newest.end()
    thread.join(5)
    assert taken == ["one"]


def test_an_error_is_raised_behind_what_came_before():
    newest = Newest()
    newest.put("one")
    newest.end(DataError("unplugged"))
    come = iter(newest)
    assert next(come) == "one"
    with pytest.raises(DataError, match="unplugged"):
        next(come)


def test_people_are_turned_and_answered():
    labels, found = answers(*[[person(hand=0.3)]] * 20)
    assert labels[-1] == "0.3 m, 1 bodies, 20 frames"
    assert found[-1].time == pytest.approx(1.9)


def test_nobody_is_there():
    assert set(answers(*[[]] * 20)[0]) == {None}


def test_each_person_is_answered_apart_and_who_moves_first():
    seen = []
    waves = [[person(0.1, at=0.2), person(0.1 * (frame % 5), at=0.8)] for frame in range(20)]
    waves = [people[:: 1 if frame % 2 else -1] for frame, people in enumerate(waves)]  # MediaPipe names nobody
    labels, found = answers(*waves, on_sighting=lambda sighting, people: seen.append(sorted(people)))
    assert labels[-1] == "0.4 m, 1 bodies, 20 frames"
    assert [other[0]["label"] for other in found[-1].others] == ["0.1 m, 1 bodies, 20 frames"]
    assert seen == [[0, 1]] * 20
    assert [row["label"] for row in found[-1].as_dict()["others"]] == ["0.1 m, 1 bodies, 20 frames"]


def test_who_left_gives_no_answer_and_who_comes_near_is_the_same():
    both, left = [person(0.2, at=0.2), person(0.3, at=0.8)], [person(0.2, at=0.25)]
    _, found = answers(*[both] * 10, *[left] * 10)
    assert found[-1].prediction[0]["label"] == "0.2 m, 1 bodies, 20 frames"
    assert found[-1].others == ()


def test_errors_of_the_finder_are_raised_where_answers_are_taken():
    def lacking(pictures):
        raise MissingExtraError("finding people needs MediaPipe.")
        yield

    with pytest.raises(MissingExtraError, match="needs MediaPipe"):
        list(answer_pictures(pictures(3), lacking, highest))


def test_lines_and_pictures_are_answered_alike():
    people = [person(0.01 * frame) for frame in range(20)]
    lines = [str({"joints": (one.joints * HALF_TURN).tolist(), "time": n / 10}).replace("'", '"')
             for n, one in enumerate(people)]  # fmt: skip
    by_lines = list(answer_frames(lines, highest, MEDIAPIPE33))
    by_pictures = answers(*[[one] for one in people])[1]
    by_pictures[-1] = replace(by_pictures[-1], skipped=0)
    assert by_lines[-1] == by_pictures[-1]


class Camera:
    """In place of OpenCV's: as many pictures as it has, blue ones, then none."""

    def __init__(self, count, opens=True):
        self.left, self.opens, self.released = count, opens, threading.Event()

    def isOpened(self):
        return self.opens

    def read(self):
        self.left -= 1
        return self.left >= 0, np.full((2, 2, 3), (250, 0, 0), np.uint8) if self.left >= 0 else None

    def release(self):
        self.released.set()


@pytest.fixture
def cv2():
    return pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")


def test_a_camera_that_stops(cv2, monkeypatch):
    camera = Camera(1)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: camera)
    with camera_pictures(0) as pictures:
        come = iter(pictures)
        assert next(come).pixels[0, 0].tolist() == [0, 0, 250]
        with pytest.raises(DataError, match="camera 0 gives no more pictures: was it unplugged"):
            next(come)
        assert camera.released.wait(5)


def test_a_camera_is_let_go(cv2, monkeypatch):
    camera = Camera(10**9)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: camera)
    with camera_pictures(0) as pictures:
        next(iter(pictures))
    assert camera.released.wait(5)
    assert len(list(pictures)) <= 1  # what waited, and no more


def test_a_camera_that_is_not_there_or_busy(cv2, monkeypatch, capfd):
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: Camera(0, opens=False))
    with pytest.raises(DataError, match="camera 7 should give pictures, but it cannot be opened"), camera_pictures(7):
        pass
    assert capfd.readouterr().err == ""


def test_a_machine_without_cameras(cv2, capfd):
    with pytest.raises(DataError, match="camera 99 should give pictures"), camera_pictures(99):
        pass
    assert capfd.readouterr().err == ""


def test_a_camera_needs_opencv(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"needs OpenCV and MediaPipe: pip"), camera_pictures(0):
        pass


def raising():
    """Somebody whose left hand is above the shoulders."""
    pose = person()
    pose.joints[[13, 15, 17, 19, 21], 1] = -0.9
    return pose


class PacedCamera(Camera):
    """As a real one, it gives a picture in so many seconds."""

    def read(self):
        time.sleep(0.02)
        return super().read()


def test_predict_answers_a_camera(cv2, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: PacedCamera(60))
    monkeypatch.setattr("gzssar.skeletons.poses.pose_finder", lambda model: finder(*[[raising()]] * 1000))
    with any_model(), pytest.raises(DataError, match="camera 3 gives no more pictures"):
        answer(PredictConfig(MODEL, camera=3, window=0.4, stride=0.1), out)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert rows[0]["warning"][0]["code"] == "too-early"
    assert {row["label"] for row in rows if not row["warning"]} == {"raise hand"}
    assert 3 < len(rows) < 30


def test_predict_needs_a_camera(cv2, capfd):
    with any_model(), pytest.raises(DataError, match="camera 98 should give pictures, but it cannot be opened"):
        answer(PredictConfig(MODEL, camera=98), io.StringIO())


def test_predict_needs_the_pose_model_that_is_named(tmp_path):
    reading = Reading(pose_model=tmp_path / "none.task")
    with any_model(), pytest.raises(DataError, match=r"none\.task should be a pose model of MediaPipe \(\.task\)"):
        answer(PredictConfig(MODEL, camera=0, reading=reading), io.StringIO())
