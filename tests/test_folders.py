"""Folders that take each other's place, with kills in between, and deep trees."""

import os
import signal
import subprocess
import sys

import pytest

import gzssar.folders as folders
from gzssar.errors import DataError
from gzssar.folders import put_back, replacing, walk
from gzssar.skeletons.readers.finding import find_files
from gzssar.skeletons.readers.registry import open_clips

EVENTS = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "open", "shutil.rmtree", "tempfile.mkdtemp", "fcntl.flock"}
"""Steps of a replacement, as Python tells them to audit hooks; a kill comes right before one of them."""


def replace(target, text):
    with replacing(target) as new:
        new.mkdir()
        (new / "a").write_text(text)
        (new / "b").write_text(text)


def killed_at(step, target, text):
    """Replace a folder in a child process that is killed before a step. Whether it was: it may have fewer."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    count = 0

    def kill(event, arguments):
        nonlocal count
        if event in EVENTS:
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill)
    replace(target, text)
    os._exit(0)


def state(target):
    return (target / "a").read_text() + (target / "b").read_text() if target.exists() else ""


@pytest.mark.parametrize("exchanging", [True, False])
@pytest.mark.parametrize("there", ["", "oldold"])
def test_a_kill_at_any_step_leaves_the_old_one_or_the_new_one(tmp_path, monkeypatch, exchanging, there):
    if not exchanging:
        monkeypatch.setattr(folders, "_exchanged", lambda one, other: False)
    target, seen = tmp_path / "model", set()
    for step in range(1, 100):
        if there:
            replace(target, "old")
        elif target.exists():
            (target / "a").unlink()
            (target / "b").unlink()
            target.rmdir()
        was_killed = killed_at(step, target, "new")
        if exchanging and there:
            assert target.exists()  # nobody has to put anything back
        put_back(target)
        seen.add(state(target))
        assert state(target) in (there, "newnew")
        if not was_killed:
            break
    assert step > 8
    assert seen == {there, "newnew"}
    replace(target, "last")
    assert state(target) == "lastlast"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]  # what kills left is gone


def test_what_a_living_process_makes_is_left_alone(tmp_path):
    target = tmp_path / "model"
    with replacing(target) as new:
        new.mkdir()
        (new / "a").write_text("slow")
        (new / "b").write_text("slow")
        replace(target, "fast")
        put_back(target)
        assert (new / "a").exists()
    assert state(target) == "slowslow"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_folders_of_like_names_are_left_alone(tmp_path):
    for name in (".model.v2.abcdefgh.part", ".model.part", ".models.abcdefgh.part", ".model.abc.part"):
        (tmp_path / name).mkdir()
    (tmp_path / ".model.abcdefgh.part").write_text("a file")
    before = {path.name for path in tmp_path.iterdir()}
    replace(tmp_path / "model", "new")
    assert {path.name for path in tmp_path.iterdir()} == {*before, "model"}


def test_where_the_last_step_fails_the_old_one_stays(tmp_path, monkeypatch):
    target, rename = tmp_path / "model", folders.Path.rename
    replace(target, "old")

    def fail(self, other):
        if self.name == "new":
            raise OSError(28, "no space")
        return rename(self, other)

    monkeypatch.setattr(folders, "_exchanged", lambda one, other: False)
    monkeypatch.setattr(folders.Path, "rename", fail)
    with pytest.raises(OSError, match="no space"):
        replace(target, "new")
    assert state(target) == "oldold"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.fixture
def nest(tmp_path):
    """Makes folders within each other below a new one; they are removed by a program that knows no limit."""

    def make(levels, name):
        top = tmp_path / "top"
        top.mkdir()
        handle = os.open(top, os.O_RDONLY)
        for _ in range(levels):
            os.mkdir(name, dir_fd=handle)
            deeper = os.open(name, os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = deeper
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
        os.close(handle)
        return top

    yield make
    subprocess.run(["rm", "-rf", str(tmp_path / "top")], check=True)


def test_a_tree_of_many_levels_is_walked_to_its_end(nest):
    top = nest(1200, "d")
    (top / "link").symlink_to(top)
    assert [path.name for path in walk(top)] == ["file"]


def test_a_tree_too_deep_for_names_is_refused_in_a_sentence(nest):
    with pytest.raises(DataError, match="should be a folder that can be listed to its last file, but it cannot"):
        list(walk(nest(30, "d" * 200)))


def test_recordings_in_a_deep_tree_are_found(nest):
    top = nest(1200, "d")
    with pytest.raises(DataError, match="should hold skeleton clips, but none of its 1 files does"):
        open_clips(top)
    with pytest.raises(DataError, match="no clips were found in"):
        find_files([str(top)])
    with pytest.raises(DataError, match="should be a file, a folder or a pattern, but it is not"):
        find_files([f"{top}/**/*.csv"])


def test_a_link_to_itself_hides_no_other_file(tmp_path):
    (tmp_path / "clip.npy").touch()
    (tmp_path / "loop").symlink_to("loop")
    assert list(walk(tmp_path)) == [tmp_path / "clip.npy"]
