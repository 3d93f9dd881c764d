"""Uploads: whatever comes, a visitor reads a sentence about a file as he calls it."""

import io
import logging
import pickle
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from web_server import csv_bytes, npz_bytes

from gzssar.errors import ConfigError, DataError, GzssarError
from gzssar.skeletons.readers import ReadOptions
from gzssar.web import uploads
from gzssar.web.limits import Limits
from gzssar.web.uploads import ending, read_file, shown_name


def read(data, name, options=None, index=None, limits=None):
    shown = shown_name(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload-123{ending(shown)}"
        path.write_bytes(data)
        return read_file(path, shown, options or ReadOptions(), index, limits or Limits())


def told(data, name, error=GzssarError, **more):
    with pytest.raises(error) as raised:
        read(data, name, **more)
    sentence = str(raised.value)
    assert tempfile.gettempdir() not in sentence
    assert "upload-" not in sentence
    return sentence


def option(data, name, **more):
    with pytest.raises(GzssarError) as raised:
        read(data, name, **more)
    return raised.value.option


def opened_by(monkeypatch, opening):
    monkeypatch.setattr(uploads, "find_reader", lambda path: SimpleNamespace(open=opening))


def ntu(frames=2):
    joint = "0.1 0.2 3.0 " + " ".join(["0"] * 9)
    body = ["72057594037931101 0 1 1 1 1 0 0.1 0.2 2", "25", *[joint] * 25]
    return "\n".join([str(frames), *(["1", *body] * frames)]).encode()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("../../../etc/cron.d/x.skeleton", ".skeleton"),
        ("/etc/passwd", ""),
        ("C:\\x\\y.CSV", ".csv"),
        ("..", ""),
        ("", ""),
        ("a\0.csv", ".csv"),
        ("x.exe", ""),
        ("a." * 500, ""),
    ],
)
def test_of_a_visitors_name_an_ending_at_most_is_used(name, wanted):
    assert ending(shown_name(name)) == wanted


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../a b.csv", "a b.csv"),
        ("C:\\clips\\wave.npz", "wave.npz"),
        ("", "the file"),
        ("..", ".."),
        ("x\n\x1b[31m.csv", "x[31m.csv"),
        ("y" * 200 + ".csv", "y" * 76 + ".csv"),
    ],
)
def test_shown_names(name, shown):
    assert shown_name(name) == shown


def test_errors_speak_of_the_visitors_file():
    assert told(b"2\n1\nx", "S001.skeleton").startswith("S001.skeleton, line 3,")
    assert told(csv_bytes(), "wave.csv").startswith("wave.csv does not state its joint layout")
    assert "video" not in told(b"hello", "notes.txt")


def test_errors_name_the_option_that_would_help(monkeypatch):
    several = npz_bytes(clips=3)
    assert option(csv_bytes(), "wave.csv") == "layout"
    assert option(several, "many.npz") == option(several, "many.npz", index=3) == "index"
    assert option(several, "many.npz", options=ReadOptions(layout="utd20")) is None  # it contradicts the file
    assert option(b"", "a.csv") is option(ntu(11), "long.skeleton", limits=Limits(max_frames=10)) is None
    assert option(b"\0\0\0\x18ftypisom" + bytes(64), "dance.mp4") is None

    def gaps(path, options):
        raise DataError("there are gaps.", option="fill_gaps")

    opened_by(monkeypatch, gaps)
    assert option(ntu(), "gaps.skeleton") == "fill_gaps"


def test_empty_and_unknown_files():
    assert told(b"", "a.csv") == "a.csv should hold a skeleton clip, but it is empty."
    assert "looks like a PNG picture" in told(b"\x89PNG\r\n" + bytes(100), "cat.png")


def test_videos_are_refused_unread():
    said = told(b"\0\0\0\x18ftypisom" + bytes(64), "dance.mp4", error=DataError)
    assert "is a video. This server takes videos only from this machine, unless it was started with --camera" in said


def test_one_clip_of_several():
    several = npz_bytes(clips=3, frames=8)
    assert "holds 3 clips" in told(several, "many.npz", error=ConfigError)
    assert read(several, "many.npz", index=2).joints.shape[1] == 8
    assert "not number 3" in told(several, "many.npz", index=3)
    assert read(ntu(), "one.skeleton", index=0).joints.shape[1] == 2


def test_frames_are_limited():
    assert "at most 10 frames, but it has 11" in told(ntu(11), "long.skeleton", limits=Limits(max_frames=10))
    assert read(ntu(10), "long.skeleton", limits=Limits(max_frames=10)).joints.shape[1] == 10


def test_archives_may_not_unpack_to_much_more():
    four_letters = np.random.default_rng(0).integers(0, 4, 2_000_000, dtype=np.uint8).tobytes()
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in ("joints", "offsets", "more"):
            archive.writestr(f"{key}.npy", four_letters[:900_000])
    limits = Limits(max_unpacked_bytes=1_000_000)
    assert "should unpack to at most" in told(bomb.getvalue(), "bomb.npz", limits=limits)
    single = io.BytesIO()
    with zipfile.ZipFile(single, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("joints.npy", four_letters)
    assert "at most 1000000 bytes" in told(single.getvalue(), "bomb.npz", limits=limits)


def test_texts_of_too_many_lines():
    for line in (b"1\n", b"\r", "\u2028".encode(), b"0\x1e"):
        assert "at most 1000 lines" in told(b"5\n" + line * 1001, "lines.csv", limits=Limits(max_frames=10))
    assert "at most 1000" not in told(b"5\n0\n" * 400, "lines.csv", limits=Limits(max_frames=10))


def test_pickles_are_small():
    assert "holds 3 clips" in told(pickle.dumps({"annotations": [{}, {}, {}]}), "three.pkl")
    many = pickle.dumps({"annotations": [{} for _ in range(1_500_000)]})
    assert "because it is a pickle" in told(many, "many.pkl")


def test_json_is_small():
    many = b'{"skeletons": [' + b"[]," * 1_000_000 + b"[]]}"
    for start in (b"", b"\xef\xbb\xbf"):
        assert "because it is JSON" in told(start + many, "many.json")


def test_a_nul_hides_no_lines():
    lines = b"1,2\n\0\n" + b"\n" * 1_100_000
    assert "lines for 10000 frames" in told(lines, "many.csv")


def test_a_readers_own_mistake_is_a_sentence_and_a_line_in_the_log(monkeypatch, caplog):
    def fail(path, options):
        raise ZeroDivisionError

    opened_by(monkeypatch, fail)
    with caplog.at_level(logging.ERROR):
        assert told(ntu(), "odd.skeleton") == (
            "odd.skeleton should hold a skeleton clip, but reading it failed: save it again."
        )
    assert "ZeroDivisionError" in caplog.text


def test_random_bytes_behind_every_start():
    rng = np.random.default_rng(0)
    starts = (b"", b"PK\3\4", b"\x93NUMPY", b"\x80\x04\x95", b"MATLAB 5.0", b"HIERARCHY", b'{"skeletons":', b"3\n1\n")
    for start in starts:
        for size in (1, 50, 5000):
            told(start + rng.bytes(size), "x.bin")
    assert Path(tempfile.gettempdir()).is_dir()
