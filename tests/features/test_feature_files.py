"""Files of features, as .npz and as safetensors."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from gzssar.errors import ConfigError, DataError
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features, require_suffix, save_features
from toy_features import features


@pytest.mark.parametrize("logits", [True, False])
def test_what_was_saved_is_loaded(tmp_path, logits):
    clips = features([4, 2, 0], logits=logits).of([4, 0])  # not contiguous, as a mask leaves it
    save_features(tmp_path / "clips.safetensors", clips)
    loaded = load_features(tmp_path / "clips.safetensors")
    assert np.array_equal(loaded.features, clips.features)
    assert np.array_equal(loaded.labels, clips.labels)
    assert (loaded.features.dtype, loaded.labels.dtype) == (np.float32, np.int64)
    assert np.array_equal(loaded.logits, clips.logits) if logits else loaded.logits is None
    assert loaded.provenance == {"file": "toy"}


def test_a_column_order_survives(tmp_path):
    x = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    save_features(tmp_path / "clips", FeatureSet(x, np.array([0, 1])))
    assert load_features(tmp_path / "clips").features.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"clips should hold skeleton features, but there is no such file"):
        load_features(tmp_path / "clips")
    with pytest.raises(DataError, match="but it cannot be read"):
        load_features(tmp_path)


@pytest.mark.parametrize("content", [b"", b"clip,x,y,z\n", b"\x40\0\0\0\0\0\0\0{}"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "clips").write_bytes(content)
    with pytest.raises(DataError, match="should hold skeleton features"):
        load_features(tmp_path / "clips")


def test_a_file_cut_off_is_refused(tmp_path):
    save_features(tmp_path / "clips", features([0, 1]))
    (tmp_path / "clips").write_bytes((tmp_path / "clips").read_bytes()[:-4])
    with pytest.raises(DataError, match="but it cannot be read"):
        load_features(tmp_path / "clips")


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        ({"weight": np.zeros(3)}, None, "in the format gzssar-features-2, but it says None"),
        ({"weight": np.zeros(3)}, {"format": "pt"}, "in the format gzssar-features-2, but it says 'pt'"),
        (
            {"labels": np.zeros(3)},
            {"format": "gzssar-features-2", "provenance": "{}"},
            r"features \(clips, width\) and labels .*, but it holds labels float64\[3\]",
        ),
        (
            {"features": np.zeros((3, 2)), "labels": np.zeros(3, dtype=np.int64)},
            {"format": "gzssar-features-2"},
            "provenance",
        ),
        (
            {"features": np.zeros((3, 2)), "labels": np.zeros(3, dtype=np.int64)},
            {"format": "gzssar-features-2", "provenance": "{oops"},
            "provenance",
        ),
        (
            {"features": np.full((3, 2), np.nan), "labels": np.zeros(3, dtype=np.int64)},
            {"format": "gzssar-features-2", "provenance": "{}"},
            "should hold finite numbers",
        ),
    ],
)
def test_safetensors_of_another_kind_are_refused(tmp_path, arrays, metadata, message):
    save_file(arrays, tmp_path / "clips", metadata)
    with pytest.raises(DataError, match=message):
        load_features(tmp_path / "clips")


# both formats


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_all_that_is_known_survives(tmp_path, suffix):
    path, few = tmp_path / f"clips.{suffix}", features([4, 2, 0])
    names = np.array(["a", "b", "clip c"])
    about = {"kind": "toys", "class_names": ["x", "y"], "frames": 20}
    save_features(path, FeatureSet(few.features, few.labels, few.logits, about, np.array([1, -1, 2]), names))
    loaded = load_features(path)
    assert np.array_equal(loaded.logits, few.logits)
    assert loaded.subjects.tolist() == [1, -1, 2]
    assert loaded.names is None if suffix == "safetensors" else loaded.names.tolist() == names.tolist()
    assert loaded.provenance == about


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_streams_stand_side_by_side(tmp_path, suffix):
    path, few = tmp_path / f"clips.{suffix}", features([4, 2, 0], width=4)
    save_features(path, FeatureSet(few.features, few.labels, streams=("bone", "joint motion")))
    loaded = load_features(path)
    assert loaded.streams == ("bone", "joint motion")
    assert np.array_equal(loaded.features, few.features)
    assert loaded.where(np.array([True, False, True])).streams == loaded.streams
    assert (loaded + loaded).streams == loaded.streams
    save_features(path, FeatureSet(few.features, few.labels, provenance={"stream": "bone"}, streams=("bone",)))
    assert load_features(path).streams == ("bone",)
    if suffix == "npz":
        assert "streams" not in np.load(path).files


def test_streams_of_others(tmp_path):
    some = {"feature": np.ones((2, 4)), "label": np.array([1, 0])}
    np.savez(tmp_path / "a.npz", **some, streams=np.array(["joint", "bone"]))
    assert load_features(tmp_path / "a.npz").streams == ("joint", "bone")
    for streams, message in (
        (["joint", "face"], r"a\.npz: streams are some of joint, bone, .*, but \('joint', 'face'\) came"),
        (["joint", "joint"], "each of them once"),
        ([1, 2], "streams are some of"),
        (["joint", "bone", "joint motion"], "of 3 streams stand side by side, each of one width, .* width 4"),
    ):
        np.savez(tmp_path / "a.npz", **some, streams=np.array(streams))
        with pytest.raises(DataError, match=message):
            load_features(tmp_path / "a.npz")


def test_features_and_labels_of_others_are_enough(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", feature=np.ones((2, 3)), label=np.array([1, 0], dtype=np.uint8), more=1)
    loaded = load_features(tmp_path / "a.npz")
    assert (loaded.features.dtype, loaded.labels.dtype) == (np.float32, np.int64)
    assert (loaded.logits, loaded.subjects, loaded.names, dict(loaded.provenance)) == (None, None, None, {})
    np.savez(tmp_path / "b.npz", feature=np.ones((2, 3)), label=np.array([1, 0]), class_names=np.array(["x", "y"]))
    assert load_features(tmp_path / "b.npz").provenance["class_names"] == ["x", "y"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"joints": np.ones((2, 3))}, r"a\.npz should hold features .* but it holds nothing"),
        ({"feature": np.ones((2, 3))}, r"but it holds features float64\[2, 3\]"),
        ({"feature": np.ones((2, 3)), "label": np.ones(3, dtype=int)}, r"a\.npz: there are 2 features but 3 labels"),
        ({"feature": np.ones((2, 3)), "label": np.ones(2)}, "labels float64"),
        ({"feature": np.ones((2, 3)), "label": np.ones(2, dtype=int), "subject": np.array(["a", "b"])}, "subjects <U1"),
        ({"feature": np.array([None]), "label": np.ones(1, dtype=int)}, r"a\.npz should hold .* cannot be read"),
        ({"feature": np.full((1, 2), np.inf), "label": np.ones(1, dtype=int)}, "should hold finite numbers"),
        ({"feature": np.ones((1, 2)), "label": np.ones(1, dtype=int), "provenance": np.array("{oops")}, "provenance"),
    ],
)
def test_an_npz_of_something_else_is_refused(tmp_path, monkeypatch, arrays, message):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as in production: else the checker is first
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        load_features(tmp_path / "a.npz")


def test_a_damaged_npz_is_refused(tmp_path):
    save_features(tmp_path / "a.npz", features([0, 1]))
    data = (tmp_path / "a.npz").read_bytes()
    for broken in (data[:-30], data[:100], b"PK"):
        (tmp_path / "a.npz").write_bytes(broken)
        with pytest.raises(DataError, match="but it cannot be read"):
            load_features(tmp_path / "a.npz")


def test_other_suffixes_are_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(ConfigError, match=r"features are written as \.npz or \.safetensors"):
        require_suffix(tmp_path / "out.csv")
