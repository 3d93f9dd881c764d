"""The numbered examples: all compile and describe themselves; the one on folders runs on a toy world, and the one on
webcams on made-up poses."""

import ast
import runpy
from pathlib import Path

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer
from gzssar.inference.live import LiveAnswer
from gzssar.methods.recipe import RECIPES
from gzssar.recognizer import Prediction
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.poses import Pose, Sighting
from predict_world import any_model
from recipes import changed
from synse_folder import write_synse_folder

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def test_there_are_examples():
    assert [path.name[:3] for path in EXAMPLES] == [f"{n:02}_" for n in range(1, len(EXAMPLES) + 1)]


def load(path):
    if "webcam" in path.name:
        pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")
    return runpy.run_path(str(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_importing_an_example_runs_nothing(path, capsys):
    names = load(path)
    assert callable(names["main"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_how_it_is_used(path):
    assert f"Usage: python examples/{path.name}" in ast.get_docstring(ast.parse(path.read_text()))


def test_the_example_on_folders_writes_a_report_per_recipe(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(RECIPES, "default", changed(RECIPES["default"], fold_count=2))
    monkeypatch.setitem(RECIPES, "paper", changed(RECIPES["paper"], cycles=1, cycle_steps=20))
    folder = write_synse_folder(tmp_path / "toy")
    main = runpy.run_path(str(EXAMPLES[1]))["main"]
    main(folder, folder / "texts", tmp_path / "out", seeds=1)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["recipe", "default", "paper"]
    assert (tmp_path / "out/default/report.html").is_file()
    assert (tmp_path / "out/paper/scores.json").is_file()


class Film:
    """Black pictures, and the poses that are found in them; what is drawn is kept."""

    def __init__(self, cv2, poses, keys=()):
        self.poses, self.keys, self.left, self.drawn = poses, iter(keys), len(poses), []
        self.stated = {cv2.CAP_PROP_FPS: 10.0}

    def isOpened(self):
        return True

    def get(self, what):
        return self.stated[what]

    def read(self):
        self.left -= 1
        return self.left >= 0, np.zeros((60, 80, 3), dtype=np.uint8)

    def release(self):
        self.left = 0

    def find(self, pictures):
        for pose, picture in zip(self.poses, pictures, strict=False):
            assert picture.pixels.shape == (60, 80, 3)
            yield Sighting(picture.time, () if pose is None else (pose,))


@pytest.fixture
def webcam(monkeypatch):
    """The example's main, for a film in place of a camera; without windows."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")
    main = load(EXAMPLES[3])["main"]

    def show(poses, keys=()):
        film = Film(cv2, poses, keys)
        monkeypatch.setattr(cv2, "VideoCapture", lambda source: film)
        monkeypatch.setattr(cv2, "putText", lambda picture, text, *how: film.drawn.append(text))
        monkeypatch.setattr(cv2, "waitKey", lambda wait: next(film.keys, -1))
        for name in ("namedWindow", "imshow", "destroyAllWindows"):
            monkeypatch.setattr(cv2, name, lambda *how: None)
        monkeypatch.setitem(main.__globals__, "packaged_poses", film.find)
        with any_model():
            main("film.mp4", Path("model"))
        return film.drawn

    return show


def standing(raised):
    """Somebody in MediaPipe's axes, who holds the left hand up or lets it hang."""
    pose = np.zeros((33, 3))
    pose[[11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31], 0] = 0.2
    pose[[12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32], 0] = -0.2
    pose[:11, 1], pose[11:13, 1], pose[25:27, 1], pose[27:, 1] = -0.7, -0.5, 0.4, 0.8
    pose[[13, 15, 17, 19, 21], 1] = -0.9 if raised else 0.1
    return Pose(pose)


@pytest.mark.parametrize(("raised", "label"), [(True, "raise hand"), (False, "lower hand")])
def test_the_example_on_webcams_says_what_the_last_seconds_show(webcam, capsys, raised, label):
    drawn = webcam([None] + [standing(raised)] * 29)
    assert len(drawn) == 30
    assert drawn[0] == "too early"
    assert capsys.readouterr().out == f"{label}\n"


def test_the_example_on_webcams_says_that_nobody_is_there(webcam, capsys):
    webcam([None] * 30)
    assert capsys.readouterr().out == "nobody is there\n"


@pytest.mark.parametrize("key", [27, ord("q")])
def test_a_key_ends_the_example_on_webcams(webcam, key):
    assert len(webcam([standing(True)] * 30, [-1, -1, key])) == 3


def test_the_example_on_webcams_puts_answers_in_words():
    words = load(EXAMPLES[3])["words"]
    best = FakeRecognizer.classes[0]
    ranking = ({"label": best, "score": 0.5, "seen": True},)
    said = [
        words(LiveAnswer(0, 0.0, Prediction(ranking, 0.5, abstained, (), resting)))
        for abstained, resting in ((False, False), (True, False), (True, True))
    ]
    assert said == ["raise hand", "perhaps raise hand", "nothing is happening"]
    assert words(LiveAnswer(0, 0.0, None, (Doubt("too-early", "…"),))) == "too early"
    assert words(LiveAnswer(0, 0.0, None)) == "nobody is there"


def test_the_example_on_webcams_names_what_cannot_be_opened():
    with pytest.raises(SystemExit, match=r"no film\.mp4 cannot be opened"):
        load(EXAMPLES[3])["main"]("no film.mp4")
