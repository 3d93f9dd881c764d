"""The numbered examples: each describes itself, and each runs; the one on webcams on made-up poses, the one on ONNX on
a model that is exported here."""

import ast
import json
import re
import runpy
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer
from gzssar import Recognizer
from gzssar.inference.live import LiveAnswer
from gzssar.onnx_export import export_recognizer
from gzssar.recognizer import Prediction
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.poses import Pose, Sighting
from predict_world import any_model

FOLDER = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(FOLDER.glob("0*.py"))
FIRST, OWN_CLIPS, NEW_CLASS, LONG, WEBCAM, ONNX, EXPERIMENT, OWN_METHOD = SCRIPTS
NOTEBOOK = FOLDER / "09_the_story.ipynb"
NUMBER = re.compile(r"\d\.\d+")


def test_examples_are_numbered_and_listed_in_the_order_of_work():
    numbered = sorted([*SCRIPTS, NOTEBOOK])
    assert [path.name[:3] for path in numbered] == [f"{n:02}_" for n in range(1, 10)]
    listed = re.findall(r"^\| \[(\S+)\]\((\S+)\)", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(path.name, path.name) for path in numbered]


def load(path):
    if path == WEBCAM:
        pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")
    return runpy.run_path(str(path))


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """Examples import made_up.py from their own folder, as they do when they are run."""
    monkeypatch.syspath_prepend(FOLDER)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_importing_an_example_runs_nothing(path, capsys):
    names = load(path)
    assert callable(names["main"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_says_how_it_is_used(path):
    assert f"Usage: python examples/{path.name}" in ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.fixture
def printed(monkeypatch, capsys):
    """Runs an example as a script, and gives the lines that it prints."""

    def run(path, *arguments):
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        runpy.run_path(str(path), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_the_first_prediction_ranks_and_doubts(printed):
    lines = printed(FIRST)
    scores = [float(NUMBER.search(line)[0]) for line in lines[:3]]
    assert scores == sorted(scores, reverse=True)
    assert lines[0].endswith("pick up and throw")
    assert "training clips" in lines[3]


def test_the_first_prediction_takes_files(printed, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"gzssar: .*absent\.bvh should be a file"):
        printed(FIRST, tmp_path / "absent.bvh")


def test_own_clips_become_a_model(printed, tmp_path):
    lines = printed(OWN_CLIPS)
    assert lines[0].startswith("Recognizer(8 seen and 0 unseen classes, from clips")
    assert int(re.search(r"(\d+)%", lines[1])[1]) > 80


def test_own_clips_are_read_from_a_folder_and_described_in_a_table(printed, tmp_path):
    names = load(OWN_CLIPS)
    texts = names["made_up"](tmp_path / "clips")
    text = texts[0]
    rows = ["label,action,motion", *(f'"{one.label}","{one.action}","{one.motion}"' for one in texts)]
    (tmp_path / "texts.csv").write_text("\n".join([*rows, f'"unseen one","{text.action}","{text.motion}"']))
    for clip in tmp_path.glob("clips/*/*.npy"):  # as a file that says what its joints are
        np.savez(clip.with_suffix(".npz"), **uniform(np.load(clip)))
        clip.unlink()
    lines = printed(OWN_CLIPS, tmp_path / "clips", tmp_path / "texts.csv", tmp_path / "model")
    assert lines[0].startswith("Recognizer(8 seen and 1 unseen classes")
    assert Recognizer.load(tmp_path / "model").seen_classes == set(names["MADE_UP"])


def uniform(frames):
    from gzssar.skeletons.layout import NTU25

    return {"joints": frames, "offsets": [0, len(frames)], "joint_names": NTU25.joint_names, "fps": np.float32(20)}


def test_a_new_class_counts_at_once(printed):
    lines = printed(NEW_CLASS)
    label = load(NEW_CLASS)["LABEL"]
    assert len(lines) == 3
    assert all(line.endswith(f"with one clip: {label}") for line in lines)
    assert any(line.startswith(f"in words: {label};") for line in lines)


def test_a_long_recording_becomes_segments(printed):
    rows = [re.fullmatch(r" *(\S+) to +(\S+)  (.+)", line).groups() for line in printed(LONG)]
    assert [row[0] for row in rows[1:]] == [row[1] for row in rows[:-1]]
    still = [number for number, row in enumerate(rows) if row[2] == "nothing happens"]
    assert (still[0], still[-1], len(still)) == (0, len(rows) - 1, 3)
    assert all(later - before > 1 for before, later in pairwise(still))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The packaged model with a class that is typed in, as a folder of ONNX files."""
    pytest.importorskip("onnx", reason="onnx is missing: pip install 'gzssar[onnx]'")
    recognizer, folder = Recognizer.from_pretrained(), tmp_path_factory.mktemp("onnx") / "edge"
    recognizer.add_class("pour tea", motion="one hand tilts a pot over a cup that the other hand holds")
    export_recognizer(recognizer, folder)
    return recognizer, folder


def test_onnx_answers_as_the_package_does_without_it(exported, monkeypatch, printed, tmp_path):
    recognizer, folder = exported
    clip = load(FIRST)["made_up_clip"]("pick up")
    np.save(tmp_path / "frames.npy", clip.joints.transpose(1, 3, 2, 0))
    monkeypatch.delitem(sys.modules, "prepare", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with monkeypatch.context() as patch:
        for name in ("torch", "gzssar"):
            patch.setitem(sys.modules, name, None)  # an import of it fails
        lines = printed(ONNX, folder, tmp_path / "frames.npy", "ntu25", clip.fps)
    monkeypatch.delitem(sys.modules, "prepare", raising=False)
    answers = recognizer.predict(clip, top_k=5)
    assert [line.split(maxsplit=2)[2] for line in lines] == [one["label"] for one in answers]
    assert [float(line.split()[0]) for line in lines] == pytest.approx([one["score"] for one in answers], abs=2e-3)


def test_onnx_says_where_nothing_happens(exported, printed, tmp_path, monkeypatch):
    clip = load(FIRST)["made_up_clip"]("pick up")
    np.save(tmp_path / "frames.npy", np.repeat(clip.joints.transpose(1, 3, 2, 0)[:1], 60, axis=0))
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert printed(ONNX, exported[1], tmp_path / "frames.npy", "ntu25", clip.fps) == ["nothing is happening"]
    monkeypatch.delitem(sys.modules, "prepare", raising=False)


def test_an_experiment_scores_recipes(printed):
    head, *rows = printed(EXPERIMENT)
    assert head.split() == ["recipe", "S", "U", "H"]
    assert [row.split()[0] for row in rows] == ["default", "ridge"]
    for row in rows:
        seen, unseen, _ = map(float, row.split()[1:])
        assert seen > 1 / 48  # above chance, both
        assert unseen > 1 / 48


def test_an_own_method_is_judged_beside_the_default(printed):
    rows = [line.split() for line in printed(OWN_METHOD)]
    assert [(row[0], row[1]) for row in rows] == [("linear-map", "H"), ("default", "H")]
    assert all(float(row[2]) > 2 / 48 for row in rows)


def cells(kind):
    return [
        "".join(cell["source"])
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == kind
    ]


def test_the_notebook_tells_its_story(monkeypatch, capsys):
    from matplotlib import pyplot

    shown = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(len(pyplot.gca().lines)))
    names = {}
    for cell in cells("code"):
        exec(compile(cell, NOTEBOOK.name, "exec"), names)
    pyplot.close("all")
    out = capsys.readouterr().out
    assert shown == [4]
    assert [line.split()[0] for line in out.splitlines()[-5:]] == ["lb", "ad", "md", "lb+ad+md", "default"]
    harmonic = [float(found) for found in re.findall(r"H (\d\.\d+)", out)]
    assert len(harmonic) == 6
    assert min(harmonic) > 2 / 48


def test_the_notebook_holds_no_output_and_is_small():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    kept = [(cell.get("outputs"), cell.get("execution_count")) for cell in notebook["cells"] if "outputs" in cell]
    assert kept == [([], None)] * len(cells("code"))
    assert NOTEBOOK.stat().st_size < 20_000


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
    main = load(WEBCAM)["main"]

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
    words = load(WEBCAM)["words"]
    best = FakeRecognizer.classes[0]
    ranking = ({"label": best, "score": 0.5, "seen": True},)
    said = [
        words(LiveAnswer(0, 0.0, Prediction(ranking, 0.5, abstained, (), resting)))
        for abstained, resting in ((False, False), (True, False), (True, True))
    ]
    assert said == ["raise hand", "perhaps raise hand", "nothing happens"]
    assert words(LiveAnswer(0, 0.0, None, (Doubt("too-early", "…"),))) == "too early"
    assert words(LiveAnswer(0, 0.0, None)) == "nobody is there"


def test_the_example_on_webcams_names_what_cannot_be_opened():
    with pytest.raises(SystemExit, match=r"no film\.mp4 cannot be opened"):
        load(WEBCAM)["main"]("no film.mp4")
