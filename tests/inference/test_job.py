"""Files, folders and long recordings to answers."""

import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from fake_recognizer import FakeRecognizer, write_clip
from gzssar.commands.options import Reading
from gzssar.commands.predict import PredictConfig, answer
from gzssar.errors import ConfigError, DataError, GzssarError
from predict_world import DOWN, MODEL, NTU, SKIP, UP, answers, any_model, break_, rows


@pytest.fixture(autouse=True)
def fake():
    with any_model() as recognizer:
        yield recognizer


def test_files_folders_and_patterns_in_natural_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a10", "a2", "sub/c"):
        write_clip(Path("clips") / f"{name}.npy", *UP)
    write_clip(Path("z.npy"), *DOWN)
    Path("clips/notes.txt").write_text("three clips")
    expected = ["z.npy", "clips/a2.npy", "clips/a10.npy", "clips/sub/c.npy"]
    assert [row["name"] for row in rows("z.npy", "clips")] == expected
    assert [row["name"] for row in rows("z.npy", "clips/**/*.npy")] == expected
    assert [row["name"] for row in rows("z.npy", "clips", "clips/a2.npy", "z.npy")] == expected  # each once


def test_only_candidates(tmp_path):
    (row,) = rows(write_clip(tmp_path / "up.npy", *UP), candidate_labels=("jump", "lower hand"))
    assert [one["label"] for one in row["ranking"]] == ["lower hand", "jump"]


def test_further_classes(tmp_path):
    clip = write_clip(tmp_path / "up.npy", *UP)
    table = tmp_path / "more.csv"
    table.write_text("label,action,motion\nwave,greet somebody,move the hand\n")
    (row,) = rows(clip, add=table)
    assert row["ranking"][-1]["label"] == "wave"
    table.write_text("label,action,motion\n,greet,move\n")
    with pytest.raises(GzssarError, match=r"line 2 of .*more.csv.* column 'label'"):
        rows(clip, add=table)
    table.write_text("label\njump\n")
    with pytest.raises(ConfigError, match="'jump' is known already"):
        rows(clip, add=table)


def test_a_model_without_an_encoder(tmp_path, fake):
    fake.has_encoder = False
    with pytest.raises(DataError, match="model should be a model that takes recordings"):
        rows(write_clip(tmp_path / "up.npy", *UP))


def test_wrong_candidates_are_named_before_anything_is_read(tmp_path, fake, monkeypatch):
    def refuse(clips, *_):
        raise ConfigError("no such class")

    monkeypatch.setattr(fake, "predict", refuse)
    with pytest.raises(ConfigError, match="no such class"):
        rows(tmp_path / "absent.npy")


BREAKINGS = {
    "another layout": (lambda a: a[:, :20], "should hold the 25 joints V of layout 'ntu25'"),
    "two dimensions": (lambda a: a[..., :2], "should have three coordinates"),
    "all zeros": (np.zeros_like, "the first body should be present in a clip, but it is zero in all frames"),
    "NaN": (lambda a: np.where(a > 0, a, np.nan), "should hold finite positions"),
    "infinite": (lambda a: np.where(a > 0, a, np.inf), "should hold finite positions"),
    "no frames": (lambda a: a[:0], r"at least one frame"),
    "one axis": (lambda a: a.ravel(), r"should hold the 25 joints V .* \(T, V, C\)"),
    "text": (lambda a: a.astype(str), "should hold numbers, but its type is"),
}


@pytest.mark.parametrize("name", BREAKINGS)
def test_malformed_clips(tmp_path, capsys, name):
    how, said = BREAKINGS[name]
    for clip in ("a", "b", "c"):
        write_clip(tmp_path / f"{clip}.npy", *UP)
    break_(tmp_path / "b.npy", how)
    with pytest.raises(DataError, match=f"b.npy.*{said}|{said}.*b.npy"):
        rows(tmp_path / "b.npy")
    for reading in (NTU, SKIP):
        assert [Path(row["name"]).name for row in rows(tmp_path, reading=reading)] == ["a.npy", "c.npy"]
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("gzssar: left out")
        assert line.count(str(tmp_path / "b.npy")) == 1


def test_one_pattern_is_as_good_as_several_names(tmp_path, capsys):
    for clip in ("a", "b"):
        write_clip(tmp_path / f"{clip}.npy", *UP)
    (tmp_path / "notes.txt").write_text("no recording")
    assert [Path(row["name"]).name for row in rows(tmp_path / "*")] == ["a.npy", "b.npy"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gzssar: left out")
    assert "notes.txt" in line


def test_several_files_of_which_none_can_be_read(tmp_path, capsys):
    for clip in ("a", "b"):
        break_(write_clip(tmp_path / f"{clip}.npy", *UP), lambda array: array[:, :20])
    with pytest.raises(DataError, match=r"no clip of .* can be recognized: the messages above say why"):
        rows(tmp_path)
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_table_that_says_nothing_of_joints_is_named_and_passed_over(tmp_path, capsys):
    for name in ("forces.csv", "more.csv"):
        np.savetxt(tmp_path / name, np.ones((4, 75)), delimiter=",")
    clip = json.dumps({"skeletons": np.random.default_rng(0).normal(size=(4, 20, 3)).tolist()})
    (tmp_path / "up.json").write_text(clip)
    assert [Path(row["name"]).name for row in rows(tmp_path, reading=Reading())] == ["up.json"]
    assert "left out: " in (said := capsys.readouterr().err)
    assert "forces.csv does not state its joint layout" in said
    with pytest.raises(ConfigError, match="does not state its joint layout"):
        rows(tmp_path / "forces.csv", reading=Reading())


def test_one_frame_is_a_clip(tmp_path):
    (row,) = rows(write_clip(tmp_path / "short.npy", 0.3))
    assert row["label"] == "raise hand"


def test_what_speaks_against_an_answer_is_said(tmp_path, capsys):
    path = write_clip(tmp_path / "doubtful.npy", FakeRecognizer.DOUBTFUL)
    (row,) = rows(path)
    assert row["warning"] == [{"code": "made-up", "sentence": "Made up."}]
    assert capsys.readouterr().err == f"gzssar: {path}: Made up.\n"


def test_each_kind_of_doubt_is_said_once_with_the_number_of_clips(tmp_path, capsys):
    write_clip(tmp_path / "up.npy", *UP)
    for name in ("doubtful", "doubtful 2"):
        write_clip(tmp_path / f"{name}.npy", FakeRecognizer.DOUBTFUL)
    rows(tmp_path, batch_size=1)
    said = f"gzssar: made-up in 2 of 3 clips; the first is {tmp_path}/doubtful 2.npy: Made up.\n"
    assert capsys.readouterr().err == said


def test_what_speaks_against_windows_is_said_once(tmp_path, capsys):
    path = write_clip(tmp_path / "doubtful.npy", *[FakeRecognizer.DOUBTFUL] * 90)
    (row,) = rows(path, window=1.0, trim=False)
    assert row["warning"] == [{"code": "made-up", "sentence": "Made up."}]
    assert capsys.readouterr().err == f"gzssar: {path} at 0:00.0: Made up.\n"
    write_clip(path, *DOWN * 15, *[FakeRecognizer.DOUBTFUL] * 60, *DOWN * 15)
    rows(path, window=1.0, stride=1.0, trim=False)
    assert capsys.readouterr().err == f"gzssar: made-up in 1 of 3 segments; the first is {path} at 0:02.0: Made up.\n"


def test_what_came_before_a_malformed_clip_is_written(tmp_path):
    clip = np.load(write_clip(tmp_path / "a.npy", *UP)).transpose(2, 0, 1)[..., None]
    np.save(tmp_path / "a.npy", np.stack([clip, np.full_like(clip, np.nan)]))
    out = io.StringIO()
    with pytest.raises(DataError):
        answer(PredictConfig(MODEL, (str(tmp_path),), json=True, reading=NTU), out)
    assert [Path(json.loads(line)["name"]).name for line in out.getvalue().splitlines()] == ["a.npy[0]"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.npy", "there is no such file"),
        ("*.skeleton", r"no clip of \*\.skeleton can be recognized"),
        ("empty", "no clips were found in .*empty: it holds no files"),
        ("note.txt", "note.txt should hold skeleton clips, but it looks like text: 'no clip'"),
        ("x" * 5000, "should be a file, a folder or a pattern, but"),
        ("nul\0", "should be a file, a folder or a pattern of recordings, but"),
    ],
)
def test_no_clips(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("note.txt").write_text("no clip")
    with pytest.raises(DataError, match=said):
        rows(name)


def test_of_several_names_one_that_stands_for_nothing_is_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "up.npy", *UP)
    Path("empty").mkdir()
    Path("note.txt").write_text("no clip")
    out = io.StringIO()
    names = ("*.xyz", "absent.npy", "empty", "note.txt", str(clip))
    assert answer(PredictConfig(MODEL, names, json=True, reading=NTU), out) == 4
    assert [json.loads(line)["name"] for line in out.getvalue().splitlines()] == [str(clip)]
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("gzssar: left out: ") for line in said] == [True] * 4
    assert [name in line for name, line in zip(names[:4], said, strict=True)] == [True] * 4
    with pytest.raises(DataError, match=r"no clip of \*\.xyz, \*\.abc can be recognized"):
        rows("*.xyz", "*.abc")


def test_a_named_file_that_is_no_recording_can_be_left_out(tmp_path, capsys):
    (tmp_path / "note.txt").write_text("no clip")
    clip = write_clip(tmp_path / "up.npy", *UP)
    assert len(rows(tmp_path / "note.txt", clip, reading=SKIP)) == 1
    assert "left out" in capsys.readouterr().err


def test_all_clips_left_out(tmp_path):
    names = ["S001C001P001R001A001", "S001C001P001R001A002"]
    path = write_clip(tmp_path / f"{names[0]}.npy", *UP)
    listed = tmp_path / "missing.txt"
    listed.write_text("\n".join(names))
    with pytest.raises(DataError, match="no clips were found"):
        rows(path, reading=Reading(layout="ntu25", missing=listed))


def test_videos_beside_recordings_of_skeletons_are_left_alone(tmp_path):
    write_clip(tmp_path / "a.npy", *UP)
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    assert [Path(row["name"]).name for row in rows(tmp_path)] == ["a.npy"]


def test_memory_stays_the_same_however_many_clips(tmp_path, fake):
    for k in range(100):
        write_clip(tmp_path / f"{k}.npy", *UP * 80)
    config = PredictConfig(MODEL, (str(tmp_path),), json=True, reading=NTU, batch_size=4)
    with (tmp_path / "out").open("w") as out:
        tracemalloc.start()
        answer(config, out)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert fake.batches == [0, *[4] * 25]
    assert peak < 3e6  # all clips together take 10 MB


def test_windows_give_segments(tmp_path):
    path = write_clip(tmp_path / "long.npy", *[0.3] * 60, *[-0.3] * 60)
    first, second = rows(path, window=0.5, trim=False)
    assert (first["label"], second["label"]) == ("raise hand", "lower hand")
    assert first["start"] == 0
    assert first["end"] == second["start"] == pytest.approx(2, abs=0.2)
    assert second["end"] == 4
    picture = tmp_path / "timeline.png"
    text = answers(path, window=0.5, trim=False, csv=True, timeline=picture)
    assert len(text.splitlines()) == 3
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "0:02.0" in answers(path, window=0.5, trim=False, stride=0.5)


def test_a_timeline_shows_one_recording(tmp_path):
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}.npy", *UP)
    with pytest.raises(ConfigError, match="one recording, but 2 were named"):
        rows(tmp_path, window=1.0, trim=False, timeline=tmp_path / "t.png")


def test_a_long_recording_that_cannot_be_recognized(tmp_path, capsys):
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}.npy", *UP * 8)
    break_(tmp_path / "a.npy", lambda array: array[..., :2])
    with pytest.raises(DataError, match=r"a\.npy.*should have three coordinates"):
        rows(tmp_path / "a.npy", window=1.0, trim=False)
    assert len(rows(tmp_path, window=1.0, trim=False)) == 1
    assert len(rows(tmp_path, window=1.0, trim=False, reading=SKIP)) == 1
    assert "a.npy" in capsys.readouterr().err


def test_progress_counts_clips(tmp_path):
    for k in range(3):
        write_clip(tmp_path / f"{k}.npy", *UP)
    told = []
    answer(
        PredictConfig(MODEL, (str(tmp_path),), csv=True, reading=NTU), io.StringIO(), lambda *what: told.append(what)
    )
    assert told == [("recognizing clips", done, 3) for done in (0, 0, 1, 1, 2, 2)]  # before it is opened and read
