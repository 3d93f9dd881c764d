"""Processes that read uploads: what is slow or large ends them, and them alone."""

import io
import os
import shutil
import signal
import tempfile
import threading
import time

import numpy as np
import pytest
from web_server import csv_bytes

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers import ReadOptions
from gzssar.web.limits import MIB, Limits
from gzssar.web.reading import Readers, sweep


class Left(Exception):
    """Nobody waits any more."""


@pytest.fixture
def readers(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = []

    def make(read=None, **limits):
        made.append(Readers(Limits(**limits), **({"read": read} if read else {})))
        return made[-1]

    yield make
    for one in made:
        one.close()
    assert uploads(tmp_path) == []


def uploads(folder):
    """What there is of visitors' files; the processes' own socket may lie beside them."""
    return [path for path in folder.rglob("*") if "gzssar" in str(path.relative_to(folder))]


def ask(readers, data=b"x", name="a.csv", options=None, index=None, check=lambda: None):
    return readers.read(io.BytesIO(data), name, options or ReadOptions(), index, check)


def sleeping(path, shown, options, index, limits, find_poses):
    time.sleep(60)


def filling(path, shown, options, index, limits, find_poses):
    return np.ones(2 * limits.max_reading_bytes // 8)


def no_poses(pictures):
    return iter(())


def dying(path, shown, options, index, limits, find_poses):
    os.kill(os.getpid(), signal.SIGKILL)


class Unsendable:
    def __reduce__(self):
        raise MemoryError


def unsendable(path, shown, options, index, limits, find_poses):
    return Unsendable()


def naming(path, shown, options, index, limits, find_poses):
    raise ConfigError(f"{shown} {path.read_text()} {path.suffix} {os.getpid() != int(options.layout)}", option="index")


def test_a_clip_comes_back_as_it_was_read(readers):
    clip = ask(readers(), csv_bytes(), options=ReadOptions("ntu25", 15.0))
    assert (clip.layout.name, clip.fps) == ("ntu25", 15)
    np.testing.assert_allclose(
        clip.joints[:, 0, :, 0].T.ravel(), np.loadtxt(io.BytesIO(csv_bytes()), delimiter=",")[0], rtol=1e-6
    )


def test_nothing_of_a_file_stays(readers, tmp_path):
    reading = readers()
    ask(reading, csv_bytes(), options=ReadOptions("ntu25"))
    with pytest.raises(DataError, match=r"^a\.csv should hold a skeleton clip, but it looks like"):
        ask(reading, b"nothing of the kind")
    assert [path.is_dir() for path in uploads(tmp_path)] == [True]


def test_errors_come_back_with_their_kind_and_option_from_another_process(readers):
    with pytest.raises(ConfigError, match=r"^b\.npy hello \.npy True$") as raised:
        ask(readers(naming), b"hello", "../b.npy", ReadOptions(str(os.getpid())))
    assert raised.value.option == "index"


def test_who_leaves_ends_the_process_at_once(readers, tmp_path):
    def check():
        if time.monotonic() > begun + 0.5:
            raise Left

    reading, begun = readers(sleeping), time.monotonic()
    with pytest.raises(Left):
        ask(reading, check=check)
    assert [path.is_dir() for path in uploads(tmp_path)] == [True]
    assert not reading._running


@pytest.mark.parametrize(("size", "most"), [(1, 16), (MIB, 20), (9 * MIB, 64)])
def test_a_file_that_takes_too_much_memory_is_refused(readers, size, most):
    sentence = rf"^a\.csv should be read in {most} MiB of memory, but it takes more: send fewer or shorter clips, or an"
    with pytest.raises(DataError, match=sentence):
        ask(readers(filling, max_reading_bytes=64 * MIB), bytes(size))


def padded_npz(clips, frames, there):
    """Clips of which some frames are there, and zeros behind them."""
    joints, buffer = np.zeros((clips, frames, 25, 3), np.float32), io.BytesIO()
    joints[:, :there] = np.random.default_rng(0).normal(size=(clips, there, 25, 3))
    offsets, names = np.arange(clips + 1) * frames, np.array(NTU25.joint_names)
    np.savez_compressed(buffer, joints=joints.reshape(-1, 25, 3), offsets=offsets, joint_names=names)
    return buffer.getvalue()


def test_padding_may_take_20_times_the_size_of_a_file_and_no_more(readers):
    honest, bomb = padded_npz(200, 300, 20), padded_npz(1, 200_000, 200)
    assert 12 * len(honest) < 200 * 300 * 300
    assert len(bomb) < MIB / 4
    assert ask(readers(), honest, "a.npz", index=7).joints.shape == (3, 300, 25, 1)
    with pytest.raises(DataError, match=r"^a\.npz should be read in 16 MiB of memory, but it takes more"):
        ask(readers(), bomb, "a.npz")


def test_an_archive_that_holds_no_clip_is_described_whatever_it_unpacks_to(readers):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).normal(size=60_000)
    np.savez_compressed(buffer, other=np.concatenate([noise, np.zeros(6_000_000)]).astype(np.float32))
    with pytest.raises(DataError, match=r"^a\.npz .* looks like an archive of numpy arrays, other \(6060000,\): save"):
        ask(readers(), buffer.getvalue(), "a.npz")


def test_a_video_has_a_limit_of_its_own(tmp_path):
    reading = Readers(Limits(max_video_reading_bytes=64 * MIB), no_poses, filling)
    with pytest.raises(DataError, match=r"^a\.mp4 should .* 64 MiB of memory, but .* send a shorter video\."):
        ask(reading, b"\0\0\0\x18ftypisom" + bytes(64), "a.mp4")
    reading.close()


def test_a_process_that_dies_is_a_damaged_file(readers):
    with pytest.raises(DataError, match=r"^a\.csv should hold a skeleton clip, but reading it failed"):
        ask(readers(dying))


def test_closing_ends_what_is_at_work(readers, tmp_path):
    reading, ended = readers(sleeping), []

    def work():
        try:
            ask(reading)
        except DataError:
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive() and not reading._running:
        time.sleep(0.01)
    reading.close()
    thread.join(20)
    assert ended == [True]
    assert uploads(tmp_path) == []


def test_a_folder_that_went_is_made_again(readers, tmp_path):
    reading = readers(naming)
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"^b\.npy hello"):
            ask(reading, b"hello", "b.npy", ReadOptions("0"))
        shutil.rmtree(reading._folder)


def test_a_clip_that_cannot_be_sent_takes_too_much_memory(readers):
    with pytest.raises(DataError, match="should be read in 16 MiB of memory"):
        ask(readers(unsendable))


def test_folders_of_servers_that_were_killed_are_swept(readers, tmp_path):
    reading = readers(naming)
    with pytest.raises(ConfigError):
        ask(reading, b"hello", options=ReadOptions("0"))
    alive = reading._folder
    for name in ("gzssar-uploads-abc", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "upload-1.csv").touch()
    sweep()
    left = {path.name for path in tmp_path.iterdir() if not path.name.startswith("pymp-")}
    assert left == {alive.name, "other"}
