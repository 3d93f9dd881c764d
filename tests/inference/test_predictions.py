"""What `gzssar predict` does, with a recognizer that looks at the left hand."""

import csv
import io
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import gzssar.inference.job
from fake_recognizer import FakeRecognizer, posed, write_clip
from gzssar.commands.options import Reading
from gzssar.commands.predict import PredictConfig
from gzssar.errors import ConfigError, DataError, GzssarError, MissingExtraError
from gzssar.inference.job import predict
from gzssar.inference.watching import Watch

UP, DOWN = [0.3] * 4, [-0.3] * 4
MODEL = Path("model")
NTU = Reading(layout="ntu25")
SKIP = Reading(layout="ntu25", skip_bad=True)


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    """Stands for any model."""
    recognizer = FakeRecognizer()
    monkeypatch.setattr(FakeRecognizer, "load", classmethod(lambda cls, folder: recognizer))
    monkeypatch.setattr(gzssar.inference.job, "Recognizer", FakeRecognizer)
    return recognizer


def answers(*clips, reading=NTU, frames=None, **options):
    """What is written."""
    out = io.StringIO()
    config = PredictConfig(MODEL, tuple(map(str, clips)), reading=reading, **options)
    predict(config, out, frames=frames)
    return out.getvalue()


def rows(*clips, **options):
    """The same as JSON."""
    return [json.loads(line) for line in answers(*clips, json=True, **options).splitlines()]


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


def test_json_lines(tmp_path):
    (row,) = rows(write_clip(tmp_path / "up.npy", *UP), top_k=2)
    assert row == {
        "name": str(tmp_path / "up.npy"),
        "label": "raise hand",
        "p_seen": 0.75,
        "abstained": False,
        "warning": None,
        "ranking": [
            {"label": "raise hand", "score": 0.5, "seen": True},
            {"label": "lower hand", "score": 0.25, "seen": True},
        ],
    }


def test_csv_has_a_header_and_further_ranks(tmp_path):
    write_clip(tmp_path / 'a, "b".npy', *DOWN)
    write_clip(tmp_path / "c.npy", 0.0, 0.01)
    text = answers(tmp_path, csv=True, abstain=True, top_k=7)
    first, second = csv.DictReader(io.StringIO(text))
    assert text.splitlines()[0] == "name,label,score,seen,p_seen,abstained,label_2,score_2,label_3,score_3"
    assert Path(first["name"]).name == 'a, "b".npy'
    assert (first["label"], first["score"], first["seen"], first["abstained"]) == ("lower hand", "0.5", "true", "false")
    assert (first["label_2"], first["score_3"]) == ("raise hand", "0.125")
    assert (second["label"], second["abstained"]) == ("", "true")


def test_the_table_grows_and_keeps_its_columns(tmp_path):
    for k in range(5):
        write_clip(tmp_path / f"{k}.npy", *(UP if k % 2 else DOWN))
    lines = answers(tmp_path, batch_size=2).splitlines()
    assert [line.count("clip") for line in lines if "p_seen" in line] == [1]  # one header
    found = [line for line in lines if " 0.75 " in line]
    assert len(found) == 5
    assert len({line.index("0.75") for line in found}) == 1
    assert "lower hand" in found[0]


def test_the_table_says_where_it_abstains(tmp_path):
    text = answers(write_clip(tmp_path / "still.npy", 0.0), abstain=True)
    assert "abstains" in text


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


def break_(path, how):
    array = np.load(path)
    np.save(path, how(array))


BREAKINGS = {
    "another layout": (lambda a: a[:, :20], "should have the 25 joints of layout 'ntu25', but has 20"),
    "two dimensions": (lambda a: a[..., :2], "should have three coordinates"),
    "all zeros": (np.zeros_like, "the first body should be present in a clip, but it is zero in all frames"),
    "NaN": (lambda a: np.where(a > 0, a, np.nan), "should hold finite positions"),
    "infinite": (lambda a: np.where(a > 0, a, np.inf), "should hold finite positions"),
    "no frames": (lambda a: a[:0], r"at least one frame"),
    "one axis": (lambda a: a.ravel(), r"should hold numbers of shape \(T, V, C\)"),
    "text": (lambda a: a.astype(str), "should hold numbers of shape"),
}


@pytest.mark.parametrize("name", BREAKINGS)
def test_malformed_clips(tmp_path, capsys, name):
    how, said = BREAKINGS[name]
    for clip in ("a", "b", "c"):
        write_clip(tmp_path / f"{clip}.npy", *UP)
    break_(tmp_path / "b.npy", how)
    with pytest.raises(DataError, match=f"b.npy.*{said}|{said}.*b.npy"):
        rows(tmp_path)
    assert [Path(row["name"]).name for row in rows(tmp_path, reading=SKIP)] == ["a.npy", "c.npy"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gzssar: left out")
    assert line.count(str(tmp_path / "b.npy")) == 1


def test_one_frame_is_a_clip(tmp_path):
    (row,) = rows(write_clip(tmp_path / "short.npy", 0.3))
    assert row["label"] == "raise hand"


def test_what_speaks_against_an_answer_is_said(tmp_path, capsys):
    path = write_clip(tmp_path / "doubtful.npy", FakeRecognizer.DOUBTFUL)
    (row,) = rows(path)
    assert row["warning"] == "made up"
    assert capsys.readouterr().err == f"gzssar: {path}: made up\n"


def test_what_speaks_against_windows_is_said_once(tmp_path, capsys):
    path = write_clip(tmp_path / "doubtful.npy", *[FakeRecognizer.DOUBTFUL] * 90)
    assert rows(path, window=1.0)
    assert capsys.readouterr().err == f"gzssar: {path}: made up\n"


def test_what_came_before_a_malformed_clip_is_written(tmp_path):
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}.npy", *UP)
    break_(tmp_path / "b.npy", lambda array: array[:, :20])
    out = io.StringIO()
    with pytest.raises(DataError):
        predict(PredictConfig(MODEL, (str(tmp_path),), json=True, reading=NTU), out)
    assert [Path(json.loads(line)["name"]).name for line in out.getvalue().splitlines()] == ["a.npy"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.npy", "there is no such file"),
        ("*.skeleton", "no clips were found: nothing is called so"),
        ("empty", "no clips were found in .*empty: it holds no files"),
        ("note.txt", "note.txt should hold skeleton clips, but its content is none of"),
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
        predict(config, out)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert fake.batches == [0, *[4] * 25]
    assert peak < 3e6  # all clips together take 10 MB


def test_windows_give_segments(tmp_path):
    path = write_clip(tmp_path / "long.npy", *[0.3] * 60, *[-0.3] * 60)
    first, second = rows(path, window=0.5)
    assert (first["label"], second["label"]) == ("raise hand", "lower hand")
    assert first["start"] == 0
    assert first["end"] == second["start"] == pytest.approx(2, abs=0.2)
    assert second["end"] == 4
    picture = tmp_path / "timeline.png"
    text = answers(path, window=0.5, csv=True, timeline=picture)
    assert text.splitlines()[0] == "name,start,end,label,score,seen,p_seen,windows"
    assert len(text.splitlines()) == 3
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "0:02.0" in answers(path, window=0.5, stride=0.5)


def test_a_timeline_shows_one_recording(tmp_path):
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}.npy", *UP)
    with pytest.raises(ConfigError, match="one recording, but 2 were named"):
        rows(tmp_path, window=1.0, timeline=tmp_path / "t.png")


def test_a_long_recording_that_cannot_be_recognized(tmp_path, capsys):
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}.npy", *UP)
    break_(tmp_path / "a.npy", lambda array: array[..., :2])
    with pytest.raises(DataError, match=r"a\.npy.*should have three coordinates"):
        rows(tmp_path, window=1.0)
    assert len(rows(tmp_path, window=1.0, reading=SKIP)) == 1
    assert "a.npy" in capsys.readouterr().err


def live_lines(*heights):
    return [json.dumps(posed(height).joints[:, 0, :, 0].T.tolist()) for height in heights]


def test_frames_from_standard_input(capsys):
    frames = live_lines(*[0.3] * 3)
    assert [row["label"] for row in rows("-", frames=frames)] == ["raise hand"] * 3
    frames.insert(1, "no frame")
    assert len(rows("-", frames=frames)) == 3
    assert "left out line 2: should be a frame as JSON" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"no line was a frame: line 1 of standard input should be a frame as JSON"):
        rows("-", frames=["{}}"] * 20)
    assert len(capsys.readouterr().err.splitlines()) == 6  # the first five, and that there are more
    with pytest.raises(ConfigError, match="name their layout"):
        rows("-", frames=frames, reading=Reading())
    with pytest.raises(ConfigError, match="the layout should be one of"):
        rows("-", frames=frames, reading=Reading(layout="ntu26"))


def test_ctrl_c_ends_live_answers_quietly():
    def frames():
        yield from live_lines(0.3)
        raise KeyboardInterrupt

    assert len(rows("-", frames=frames())) == 1


class Pipe(io.StringIO):
    """Breaks after some lines."""

    def __init__(self, lines):
        super().__init__()
        self.left = lines

    def write(self, text):
        if self.left <= 0:
            raise BrokenPipeError
        self.left -= 1
        return super().write(text)

    def fileno(self):
        raise AssertionError


@pytest.mark.parametrize("live", [False, True])
def test_a_reader_that_goes_away_ends_quietly(tmp_path, monkeypatch, live):
    hushed = []
    monkeypatch.setattr(gzssar.inference.job, "hush", hushed.append)
    for k in range(5):
        write_clip(tmp_path / f"{k}.npy", *UP)
    out = Pipe(2)
    clips = ("-",) if live else (str(tmp_path),)
    predict(PredictConfig(MODEL, clips, json=True, reading=NTU), out, frames=live_lines(*[0.3] * 5))
    assert hushed == [out]
    assert len(out.getvalue().splitlines()) == 2


def test_nothing_is_said_when_the_program_ends_after_a_broken_pipe():
    program = (
        "import sys; from gzssar.files import hush\n"
        "try: print('a row', flush=True)\n"
        "except BrokenPipeError: hush(sys.stdout)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


def test_names_that_are_no_text(tmp_path):
    write_clip(tmp_path / "bad\udcff.npy", *UP)
    raw = io.BytesIO()
    for encoding in ("utf-8", "ascii"):
        out = io.TextIOWrapper(raw, encoding=encoding)
        predict(PredictConfig(MODEL, (str(tmp_path),), csv=True, reading=NTU), out)
        out.detach()
    assert raw.getvalue().count(b"bad\\udcff.npy") == 2


def test_progress_counts_clips(tmp_path):
    for k in range(3):
        write_clip(tmp_path / f"{k}.npy", *UP)
    told = []
    predict(
        PredictConfig(MODEL, (str(tmp_path),), csv=True, reading=NTU), io.StringIO(), lambda *what: told.append(what)
    )
    assert told == [("clips", 0, 3), ("clips", 1, 3), ("clips", 2, 3)]


class Folder:
    """A watched folder, in which something happens between two looks."""

    def __init__(self, path, monkeypatch, *steps, reading=NTU, **options):
        self.path, self.steps, self.out = path, list(steps), io.StringIO()
        monkeypatch.setattr(time, "sleep", self.sleep)
        predict(PredictConfig(MODEL, watch=path, json=True, reading=reading, **options), self.out)

    def sleep(self, _):
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()

    @property
    def names(self):
        return [Path(json.loads(line)["name"]).name for line in self.out.getvalue().splitlines()]


def nothing():
    pass


def test_a_watched_folder(tmp_path, monkeypatch):
    write_clip(tmp_path / "old.npy", *UP)
    data = write_clip(tmp_path / ".hidden.npy", *UP).read_bytes()

    def start():
        (tmp_path / "slow.npy").write_bytes(data[:300])
        write_clip(tmp_path / "sub" / "quick.npy", *DOWN)

    def go_on():
        (tmp_path / "slow.npy").write_bytes(data)

    def rename():
        (tmp_path / ".hidden.npy").rename(tmp_path / "renamed.npy")

    folder = Folder(tmp_path, monkeypatch, nothing, start, go_on, nothing, rename, *[nothing] * 4)
    assert folder.names == ["old.npy", "quick.npy", "slow.npy", "renamed.npy"]


def test_a_watched_file_that_stays_malformed_is_named_once(tmp_path, monkeypatch, capsys):
    path = write_clip(tmp_path / "a.npy", *UP)
    whole = path.read_bytes()
    path.write_bytes(whole[:300])
    (tmp_path / "note.txt").write_text("left alone")
    folder = Folder(
        tmp_path,
        monkeypatch,
        *[nothing] * 3,
        lambda: path.write_bytes(whole[:400]),  # still cut off
        *[nothing] * 3,
        lambda: path.write_bytes(whole),
        *[nothing] * 3,
    )
    assert folder.names == ["a.npy"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gzssar: left out")
    assert line.count(str(path)) == 1


def test_a_watched_file_that_cannot_be_recognized_does_not_stop_the_watch(tmp_path, monkeypatch, capsys):
    break_(write_clip(tmp_path / "a.npy", *UP), np.zeros_like)
    folder = Folder(tmp_path, monkeypatch, nothing, lambda: write_clip(tmp_path / "b.npy", *UP), nothing, nothing)
    assert folder.names == ["b.npy"]
    assert "a.npy: the first body should be present" in capsys.readouterr().err


def test_a_file_comes_once_however_often_it_is_written(tmp_path):
    path = write_clip(tmp_path / "a.npy", *UP)
    watch = Watch(tmp_path)
    assert (watch.look(), watch.look()) == ([], [path])
    watch.done(path)
    path.write_bytes(b"something else")
    assert [watch.look() for _ in range(3)] == [[], [], []]


def test_an_empty_file_is_not_complete(tmp_path):
    (tmp_path / "a.npy").touch()
    watch = Watch(tmp_path)
    assert [watch.look() for _ in range(3)] == [[], [], []]


def test_a_watched_folder_that_is_none(tmp_path):
    with pytest.raises(DataError, match="--watch should name a folder"):
        predict(PredictConfig(MODEL, watch=tmp_path / "none"), io.StringIO())


def test_a_missing_extra_stops_the_watch(tmp_path, monkeypatch):
    def missing(path):
        raise MissingExtraError("install it")

    monkeypatch.setattr(gzssar.inference.job, "find_reader", missing)
    write_clip(tmp_path / "a.npy", *UP)
    with pytest.raises(MissingExtraError):
        Folder(tmp_path, monkeypatch, nothing, nothing)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clips": ()}, "as files and folders or as --watch DIR"),
        ({"watch": Path("w")}, "as files and folders or as --watch DIR"),
        ({"json": True, "csv": True}, "--json or as --csv"),
        ({"top_k": 0}, "at least 1"),
        ({"batch_size": 0}, "at least 1"),
        ({"window": 0.0}, "--window should be a positive number of seconds, but it is 0"),
        ({"window": float("nan")}, "--window should be a positive number"),
        ({"window": float("inf")}, "--window should be a positive number"),
        ({"window": 1.0, "stride": -1.0}, "--stride should be a positive number"),
        ({"stride": 1.0}, "say how long they are with --window"),
        ({"window": 1.0, "stride": 2.0}, "at most as long as --window"),
        ({"timeline": Path("t.png")}, "give a file and --window"),
        ({"timeline": Path("t.jpg"), "window": 1.0}, "ends in .png"),
        ({"clips": ("-", "a.npy")}, "leave the other clips out"),
        ({"clips": ("-",), "csv": True}, "leave --csv out"),
        ({"clips": ("-",), "window": 1.0, "timeline": Path("t.png")}, "give a file and --window"),
    ],
)
def test_options_that_contradict_each_other(options, said):
    with pytest.raises(ConfigError, match=said):
        PredictConfig(MODEL, **({"clips": ("a.npy",)} | options))


def test_a_stride_longer_than_the_window_is_fine_for_frames():
    assert PredictConfig(MODEL, ("-",), stride=5.0).live
