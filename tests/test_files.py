import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from full_disk import room_for
from gzssar import files
from gzssar.encoders.encoder import load_encoder
from gzssar.errors import DataError, OutputError
from gzssar.files import (
    hash_file,
    read_array,
    read_table_bytes,
    require_free,
    require_same,
    write_json,
    write_text,
    writing,
)
from gzssar.skeletons.readers.finding import find_files
from gzssar.skeletons.readers.registry import list_files, read_clip
from gzssar.texts.classes import read_class_texts


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "scores.json"
    write_text(path, "old")

    def interrupted():
        with writing(path) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_there_before_the_block_ends(tmp_path):
    path = tmp_path / "new" / "scores.json"
    with writing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_of_several_files_all_are_written_or_none(tmp_path):
    files.write_all(tmp_path, {"figures/a.png": b"old", "page.md": "old σ"})
    for few in ({"page.md": 5000 * "n", "figures/a.png": b"new"}, {"figures/a.png": b"new", "page.md": 5000 * "n"}):
        with room_for(1000), pytest.raises(OSError, match=r"page\.md") as told:
            files.write_all(tmp_path, few)
        assert told.value.filename == str(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == "old σ"
    assert (tmp_path / "figures" / "a.png").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.png", "figures", "page.md"]


def test_what_cannot_be_written_is_told_in_one_sentence_by_path(tmp_path):
    with room_for(10), pytest.raises(OutputError) as told, files.output(tmp_path):
        write_text(tmp_path / "scores.json", 50 * "n")
    reason = os.strerror(errno.EFBIG)
    assert str(told.value) == (
        f"{tmp_path / 'scores.json'} cannot be written ({reason}): correct that, or name another folder."
    )


def test_text_and_json_are_utf8(tmp_path):
    write_json(tmp_path / "a.json", {"σ": [1, 2.5]})
    content = (tmp_path / "a.json").read_bytes().decode("utf-8")
    assert "σ" in content
    assert json.loads(content) == {"σ": [1, 2.5]}


@pytest.mark.parametrize(
    ("stored", "dtype"),
    [
        (np.array([[1, 2]], dtype=np.uint8), np.float32),
        (np.array([[1, 2]], dtype=np.float64), np.float32),
        (np.array([[1, 2]], dtype=np.int16), np.int64),
        (np.asfortranarray(np.array([[1, 2]], dtype=">f4")), np.float32),
    ],
)
def test_arrays_come_in_the_type_asked_for(tmp_path, stored, dtype):
    np.save(tmp_path / "a.npy", stored)
    array = read_array(tmp_path / "a.npy", dtype, 2, "numbers")
    assert array.dtype == dtype
    assert array.tolist() == [[1, 2]]


def damaged(tmp_path, array):
    np.save(tmp_path / "whole.npy", array)
    return (tmp_path / "whole.npy").read_bytes()[:-8]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (np.zeros((2, 2)), r"should hold ids: an array with one axis, but its shape is \(2, 2\)"),
        (np.array(3), r"an array with one axis, but its shape is \(\)"),
        (np.zeros(0, dtype=int), r"should hold ids, but it is empty: its shape is \(0,\)"),
        (np.array([1.0, 1.5]), "should hold ids as whole numbers, but 1 are none, such as 1.5"),
        (np.array([2.0**60]), "but 1 are none, such as 1.15292e"),
        (np.array([np.nan]), "but 1 are none, such as nan"),
        (np.array([True]), "as whole numbers, but its type is bool"),
        (np.array(["1"]), "as whole numbers, but its type is <U1"),
        (np.array([None]), "needs pickle, which is refused because it can run code: save it again"),
        (b"", "but it is not in that format: save it again"),
        (b"\x80\x04N.", "but it is not in that format: save it again"),
        (b"PK\x03\x04", r"but it is a \.npz archive: save it again"),
        (b"\x93NUMPY\x01", "but it is damaged"),
    ],
)
def test_other_files_are_refused(tmp_path, stored, message):
    path = tmp_path / "ids.npy"
    if isinstance(stored, bytes):
        path.write_bytes(stored)
    else:
        np.save(path, stored, allow_pickle=True)
    with pytest.raises(DataError, match=message) as refused:
        read_array(path, np.int64, 1, "ids")
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("stored", [np.array([3.0, 0.0]), np.array([[3], [0]]), np.array([[3.0], [0.0]], np.float16)])
def test_whole_numbers_of_any_type_and_in_a_column(tmp_path, stored):
    np.save(tmp_path / "ids.npy", stored)
    ids = read_array(tmp_path / "ids.npy", np.int64, 1, "ids")
    assert (ids.tolist(), ids.dtype) == ([3, 0], np.int64)


def test_a_file_cut_off_is_refused(tmp_path):
    (tmp_path / "ids.npy").write_bytes(damaged(tmp_path, np.arange(10)))
    with pytest.raises(DataError, match="but it is damaged"):
        read_array(tmp_path / "ids.npy", np.int64, 1, "ids")


def test_no_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"ids\.npy should hold ids, but there is no such file"):
        read_array(tmp_path / "ids.npy", np.int64, 1, "ids")
    with pytest.raises(DataError, match="should hold ids, but it cannot be read"):
        read_array(tmp_path, np.int64, 1, "ids")


@pytest.mark.parametrize("values", [[0, np.nan, -np.inf], [0, 1e300, -1e300]])
def test_numbers_must_be_finite_in_float32(tmp_path, values):
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(DataError, match="should hold finite numbers, but 2 of 3 are NaN or infinite"):
        read_array(tmp_path / "x.npy", np.float32, 1, "numbers")


def test_what_is_free(tmp_path):
    require_free(tmp_path, folder=True)
    require_free(tmp_path / "new" / "deep", folder=True)
    require_free(tmp_path / "new" / "file")
    (tmp_path / ".a.part").touch()  # a kill left it
    require_free(tmp_path, folder=True)
    with pytest.raises(OutputError, match="should be a new file, but it is there already: delete it, or name another"):
        require_free(tmp_path)


def test_what_is_in_use(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a new or empty folder, but it is there already and holds file"):
        require_free(tmp_path, folder=True)
    with pytest.raises(OutputError, match="a new or empty folder, but it is a file"):
        require_free(tmp_path / "file", folder=True)
    with pytest.raises(OutputError, match="should be a new file, but it is there already"):
        require_free(tmp_path / "file")
    with pytest.raises(OutputError, match=r"cannot be written, since .*file is a file"):
        require_free(tmp_path / "file" / "deeper" / "still")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_may_not_be_written(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match=r"cannot be written, since .*locked is read-only"):
        require_free(tmp_path / "locked" / "file")
    (tmp_path / "locked").chmod(0o700)


def test_work_of_others_is_told_apart(tmp_path):
    path = tmp_path / "work" / "job.json"
    write_json(path, {"clips": [1, 2], "weights": "a"})
    require_same(path, {"clips": (1, 2)})
    with pytest.raises(OutputError, match=r"differs in weights, size \(see its job\.json\)"):
        require_same(path, {"clips": (1, 2), "weights": "b", "size": 1})
    for damage in ("{", "[1]"):
        path.write_text(damage)
        with pytest.raises(OutputError, match=r"job\.json"):
            require_same(path, {"clips": (1, 2)})


@pytest.mark.parametrize(
    "read",
    [
        hash_file,
        lambda path: read_table_bytes(path, 1, "a table"),
        lambda path: read_array(path, np.float32, 1, "numbers"),
        read_clip,
        lambda path: find_files([str(path)]),
        load_encoder,
        read_class_texts,
    ],
)
def test_a_pipe_without_a_writer_is_refused_instead_of_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"pipe\.csv should be a file.*, but it is a pipe"):
        read(tmp_path / "pipe.csv")


def test_a_pipe_that_was_given_open_is_read():
    """As in `--texts <(command)`."""
    end, writer = os.pipe()
    os.write(writer, b"label\nwave\n")
    os.close(writer)
    assert read_table_bytes(Path(f"/proc/self/fd/{end}"), 1, "a table") == b"label\nwave\n"
    os.close(end)


def test_a_folder_with_a_pipe_is_read_without_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/clip.csv").write_text("x")
    assert [path.name for path in list_files(tmp_path)] == ["clip.csv"]
