"""People in pictures: MediaPipe's Tasks interface by a stand-in, and itself where it and a model are; who is who."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gzssar.errors import DataError, MissingExtraError
from gzssar.skeletons import poses
from gzssar.skeletons.poses import (
    MOST_PEOPLE,
    People,
    Picture,
    Pose,
    Sighting,
    bodies_of,
    lacks_packaged_model,
    packaged_poses,
    pose_finder,
    tasks_poses,
)

UPRIGHT = np.zeros((33, 2))
UPRIGHT[[11, 12], 1], UPRIGHT[[23, 24], 1] = -0.1, 0.1  # a torso of a fifth of the picture


def at(x, marker=0.0):
    """Somebody at a place of the picture, whom a number tells from others."""
    return Pose(np.full((33, 3), marker), None, UPRIGHT + np.array([x, 0.5]))


def who(people, *pictures):
    """For each picture, number → the people's markers."""
    found = [people.numbered(Sighting(time, tuple(seen))) for time, seen in pictures]
    return [{number: float(pose.joints[0, 0]) for number, pose in one.items()} for one in found]


def test_whoever_is_near_where_somebody_was_is_the_same():
    pictures = [(0.1 * n, [at(0.8 - 0.02 * n, 2.0), at(0.2 + 0.02 * n, 1.0)][:: 1 if n % 2 else -1]) for n in range(10)]
    assert who(People(), *pictures) == [{0: 1.0, 1: 2.0}] * 10


def test_a_place_is_free_a_second_after_somebody_left():
    people = People()
    assert who(people, (0.0, [at(0.2, 1.0), at(0.8, 2.0)]), (0.1, [at(0.8, 2.0)])) == [{0: 1.0, 1: 2.0}, {1: 2.0}]
    assert who(people, (0.9, [at(0.2, 1.0), at(0.8, 2.0)]))[0] == {0: 1.0, 1: 2.0}  # who is back in time is the same
    assert who(people, (1.0, [at(0.8, 2.0)]), (1.8, [at(0.8, 2.0)])) == [{1: 2.0}] * 2
    assert who(people, (2.5, [at(0.8, 2.0), at(0.2, 3.0)]))[0] == {1: 2.0, 0: 3.0}


def test_whoever_comes_from_nowhere_is_somebody_else():
    assert who(People(), (0.0, [at(0.1, 1.0)]), (0.1, [at(0.9, 2.0)])) == [{0: 1.0}, {1: 2.0}]


def test_a_crowd():
    crowd = [at(0.1 * n + 0.5 * (n > 0), n) for n in range(MOST_PEOPLE + 2)]
    (found,) = who(People(), (0.0, crowd))
    assert sorted(found) == list(range(MOST_PEOPLE))


def test_bodies_are_turned_and_keep_their_numbers():
    joints = np.arange(99, dtype=float).reshape(33, 3)
    bodies = bodies_of({1: Pose(joints)})
    assert bodies.shape == (2, 33, 3)
    assert not bodies[0].any()
    np.testing.assert_array_equal(bodies[1], joints * [1, -1, -1])
    assert bodies_of({}).shape == (0, 33, 3)


# ---- the Tasks interface


def landmark(x, y, z=0.0, visibility=0.5):
    return SimpleNamespace(x=x, y=y, z=z, visibility=visibility)


class Landmarker:
    """In place of PoseLandmarker: sees as many people as the picture is bright, and keeps what it was asked."""

    def __init__(self):
        self.asked, self.closed = [], False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True

    def detect_for_video(self, image, milliseconds):
        os.write(2, b"the library speaks\n")
        self.asked.append((image["data"].shape, milliseconds))
        people = range(int(image["data"].max()))
        return SimpleNamespace(
            pose_world_landmarks=[[landmark(person, 1, 2)] * 33 for person in people],
            pose_landmarks=[[landmark(0.25, 0.5)] * 33 for _ in people],
        )


@pytest.fixture
def tasks(monkeypatch):
    """MediaPipe's Tasks interface, as far as it is used."""
    landmarker, given = Landmarker(), SimpleNamespace(options=None, landmarker=None)
    given.landmarker = landmarker

    def create(options):
        given.options = options
        if options["base_options"]["model_asset_buffer"] != b"a model":
            raise RuntimeError("Unable to open zip archive.\nmore")
        return landmarker

    vision = SimpleNamespace(
        PoseLandmarkerOptions=lambda **options: options,
        PoseLandmarker=SimpleNamespace(create_from_options=create),
        RunningMode=SimpleNamespace(VIDEO="video"),
    )
    python = SimpleNamespace(BaseOptions=lambda **options: options, vision=vision)
    whole = SimpleNamespace(Image=lambda **given: given, ImageFormat=SimpleNamespace(SRGB="srgb"), __version__="1.2.3")
    monkeypatch.setitem(sys.modules, "mediapipe", whole)
    monkeypatch.setitem(sys.modules, "mediapipe.tasks", SimpleNamespace(python=python))
    monkeypatch.setitem(sys.modules, "mediapipe.tasks.python", python)
    return given


def test_the_tasks_interface_finds_several_people(tasks, tmp_path):
    (tmp_path / "a.task").write_bytes(b"a model")
    pictures = [Picture(np.full((40, 80, 3), n, np.uint8), time) for n, time in [(0, 5.0), (2, 5.0), (1, 5.0333)]]
    found = list(pose_finder(tmp_path / "a.task")(pictures))
    assert [one.time for one in found] == [5.0, 5.0, 5.0333]
    assert [len(one.people) for one in found] == [0, 2, 1]
    pose = found[1].people[1]
    assert pose.joints[0].tolist() == [1, 1, 2]
    assert pose.visibility.tolist() == [0.5] * 33
    assert pose.places[0].tolist() == [0.25, 0.5]
    assert tasks.landmarker.asked == [((80, 80, 3), 5000), ((80, 80, 3), 5001), ((80, 80, 3), 5033)]  # always later
    assert (tasks.options["num_poses"], tasks.options["running_mode"]) == (MOST_PEOPLE, "video")
    assert tasks.landmarker.closed


def test_the_libraries_alone_are_kept_quiet(tasks, tmp_path, capfd):
    """Others of the process are heard while pictures are awaited, and while it is done what is to be done with them."""
    (tmp_path / "a.task").write_bytes(b"a model")

    def come(*brightness):
        for number, bright in enumerate(brightness):
            os.write(2, b"waiting\n")
            print("a warning", file=sys.stderr)
            yield Picture(np.full((40, 80, 3), bright, np.uint8), float(number))

    def said(*brightness):
        for _ in tasks_poses(come(*brightness), tmp_path / "a.task"):
            os.write(2, b"working\n")
        lines = capfd.readouterr().err.splitlines()
        return [lines.count(line) for line in ("waiting", "a warning", "working", "the library speaks")]

    assert said(0, 0, 0) == [3, 3, 3, 0]
    assert said(0, 1, 0, 0) == [4, 4, 4, 2]  # once somebody is seen, the libraries have said what they always say
    assert said(*[0] * 33) == [33, 33, 33, 3]


def test_a_file_that_is_no_model(tasks, tmp_path):
    with pytest.raises(DataError, match=r"none\.task should be a pose model of MediaPipe \(\.task\), but there is no"):
        pose_finder(tmp_path / "none.task")
    (tmp_path / "bad.task").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"bad\.task should be .* cannot load it \(Unable to open zip archive\.\)"):
        list(pose_finder(tmp_path / "bad.task")([]))


def test_newer_versions_need_a_model(tasks):
    with pytest.raises(
        MissingExtraError, match=r"MediaPipe 1\.2\.3 has no pose model .* get mediapipe-pose, or name a"
    ):
        list(packaged_poses([]))


def test_mediapipe_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    (tmp_path / "a.task").write_bytes(b"a model")
    with pytest.raises(MissingExtraError, match=r"needs MediaPipe 0\.10\.21: pip install 'gzssar\[pose\]'"):
        list(tasks_poses([], tmp_path / "a.task"))


def test_whether_the_wheel_holds_a_model(monkeypatch, tmp_path):
    package = tmp_path / "mediapipe" / "__init__.py"
    package.parent.mkdir()
    monkeypatch.setattr(poses, "find_spec", lambda name: None)
    assert not lacks_packaged_model()
    monkeypatch.setattr(poses, "find_spec", lambda name: SimpleNamespace(origin=str(package)))
    assert lacks_packaged_model()
    graph = tmp_path / "mediapipe/modules/pose_landmark/pose_landmark_cpu.binarypb"
    graph.parent.mkdir(parents=True)
    graph.touch()
    assert not lacks_packaged_model()


def test_a_model_of_mediapipe_s_own(tmp_path):
    """Where the variable GZSSAR_POSE_MODEL names one."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")
    pytest.importorskip("mediapipe", reason="MediaPipe is missing")
    model, package = os.environ.get("GZSSAR_POSE_MODEL"), find_spec("skimage")
    if model is None or package is None or package.origin is None:
        pytest.skip("a pose model (GZSSAR_POSE_MODEL) or a picture of a person (scikit-image) is missing")
    astronaut = cv2.imread(str(Path(package.origin).parent / "data" / "astronaut.png"))[::2, ::2, ::-1]
    both = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    people = People()
    numbered = [people.numbered(one) for one in tasks_poses([Picture(both, n / 10) for n in range(8)], Path(model))]
    assert [sorted(one) for one in numbered] == [[0, 1]] * 8
    for number in (0, 1):
        sides = {one[number].places[0, 0] > 0.5 for one in numbered}
        assert len(sides) == 1  # each keeps a side
        shoulders = numbered[-1][number].joints[[11, 12]]
        assert 0.2 < np.linalg.norm(shoulders[0] - shoulders[1]) < 0.6
    (tmp_path / "bad.task").write_bytes(b"something else")
    with pytest.raises(DataError, match="MediaPipe cannot load it"):
        list(tasks_poses([], tmp_path / "bad.task"))
