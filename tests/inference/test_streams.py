"""Frames that come one by one, and readers that go away."""

import io
import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import gzssar.commands.predict
from fake_recognizer import posed, write_clip
from gzssar.commands.options import Reading
from gzssar.commands.predict import PredictConfig, answer
from gzssar.errors import ConfigError, DataError
from gzssar.inference.reading_ahead import ReadAhead
from predict_world import MODEL, NTU, UP, any_model, rows


@pytest.fixture(autouse=True)
def fake():
    with any_model() as recognizer:
        yield recognizer


def live_lines(*heights):
    return [json.dumps(posed(height).joints[:, 0, :, 0].T.tolist()) for height in heights]


def test_frames_from_standard_input(capsys):
    frames = live_lines(*[0.3] * 3)
    assert [row["label"] for row in rows("-", frames=frames, window=0.05)] == ["raise hand"] * 3
    frames.insert(1, "no frame")
    assert len(rows("-", frames=frames, window=0.05)) == 3
    assert "left out: line 2: should be a frame as JSON" in capsys.readouterr().err
    with pytest.raises(DataError, match=r"no line was a frame: line 1 of standard input should be a frame as JSON"):
        rows("-", frames=["{}}"] * 20)
    assert len(capsys.readouterr().err.splitlines()) == 6  # the first five, and that there are more
    millimetres = [json.dumps((1000 * np.array(json.loads(frame))).tolist()) for frame in live_lines(*[0.3] * 3)]
    said = rows("-", frames=millimetres, window=0.05, reading=replace(NTU, unit="mm"))
    assert [row["label"] for row in said] == ["raise hand"] * 3
    assert "scale" not in {doubt["code"] for row in said for doubt in row["warning"]}
    with pytest.raises(ConfigError, match="the unit should be one of"):
        rows("-", frames=frames, reading=replace(NTU, unit="inch"))
    with pytest.raises(ConfigError, match="do not state their joint layout"):
        rows("-", frames=frames, reading=Reading())
    with pytest.raises(ConfigError, match="the layout should be one of"):
        rows("-", frames=frames, reading=Reading(layout="ntu26"))


def test_frames_are_skipped_where_answers_cannot_keep_up(monkeypatch):
    waiting = iter([False, True, True])
    monkeypatch.setattr(ReadAhead, "behind", lambda ahead: next(waiting, False))
    written = rows("-", frames=live_lines(*[0.3] * 5), window=0.05)
    assert [(row["frame"], row["skipped"]) for row in written] == [(0, 0), (3, 2), (4, 0)]


def test_ctrl_c_ends_live_answers_quietly():
    def frames():
        yield from live_lines(0.3)
        raise KeyboardInterrupt

    assert len(rows("-", frames=frames())) == 1


def test_ctrl_c_ends_a_program_that_waits_for_a_line():
    program = (
        "import signal, sys; from gzssar.inference.reading_ahead import ReadAhead\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # which programs in the background ignore\n"
        "try:\n"
        "    for line in ReadAhead(sys.stdin, 30.0): print(end=line, flush=True)\n"
        "except KeyboardInterrupt: print('ended')\n"
    )
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-c", program], text=True, **pipes) as process:
        process.stdin.write("a line\n")
        process.stdin.flush()
        assert process.stdout.readline() == "a line\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("ended\n", "")


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
    monkeypatch.setattr(gzssar.commands.predict, "hush", hushed.append)
    for k in range(5):
        write_clip(tmp_path / f"{k}.npy", *UP)
    out = Pipe(2)
    clips = ("-",) if live else (str(tmp_path),)
    answer(PredictConfig(MODEL, clips, json=True, reading=NTU), out, frames=live_lines(*[0.3] * 5))
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
