"""Clips that the page offers."""

import io

import numpy as np
import pytest
from web_recognizer import FakeRecognizer
from web_server import csv_bytes, npz_bytes

from gzssar.errors import DataError
from gzssar.web.samples import load_samples, synthetic_samples


def labelled():
    buffer = io.BytesIO()
    with np.load(io.BytesIO(npz_bytes(clips=3))) as arrays:
        np.savez(buffer, **arrays, label=np.array([1, 0, 1]), class_names=np.array(["walk", "wave"]))
    return buffer.getvalue()


def test_named_after_classes_or_files(tmp_path):
    (tmp_path / "b.npz").write_bytes(labelled())
    (tmp_path / "a shrug.csv").write_bytes(csv_bytes())
    (tmp_path / ".hidden.csv").write_bytes(b"no clip")
    samples = load_samples(tmp_path)
    assert list(samples) == ["a shrug", "wave", "walk", "wave (2)"]
    assert samples["walk"].label == 0


def test_at_most_two_dozen(tmp_path):
    for k in range(30):
        (tmp_path / f"{k:02}.csv").write_bytes(csv_bytes(seed=k))
    assert len(load_samples(tmp_path)) == 24


@pytest.mark.parametrize("content", [None, {}, {"a.csv": b"no clip at all"}])
def test_bad_folders(tmp_path, content):
    folder = tmp_path / "samples"
    if content is not None:
        folder.mkdir()
        for name, data in content.items():
            (folder / name).write_bytes(data)
    with pytest.raises(DataError, match="should"):
        load_samples(folder)


def test_notes_among_the_clips_are_left_alone(tmp_path):
    (tmp_path / "README.txt").write_text("recorded on a Tuesday")
    (tmp_path / "walk.csv").write_bytes(csv_bytes())
    assert list(load_samples(tmp_path)) == ["walk"]


def test_synthetic_ones_are_seen_and_unseen():
    samples = synthetic_samples()
    fake = FakeRecognizer()
    assert [label in fake.seen for label in samples] == [True, True, True, False, False, False]
