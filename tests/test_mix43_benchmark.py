"""How the benchmark mix43 is put together from its sources, without its features."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gzssar.errors import ConfigError
from gzssar.features.features import FeatureSet
from gzssar.features.files import save_features
from gzssar.skeletons.readers import ReadOptions, open_clips, read_clips
from gzssar.texts.classes import load_packaged_texts

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
NAMES = tuple(row.label for row in load_packaged_texts("mix43").rows)


@pytest.fixture
def mix43(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "mix43.py")))


def a_set(class_names, labels, subjects):
    provenance = {"class_names": class_names, "weights_sha256": "w", "resampled": False}
    features = np.arange(len(labels), dtype=np.float32)[:, None]
    return FeatureSet(features, np.array(labels), None, provenance, np.array(subjects))


def test_classes_of_the_same_action_are_one_class(mix43):
    first = a_set(["clap", "draw circle clockwise", "draw circle counterclockwise"], [0, 1, 2], [1, 2, 3])
    second = a_set(["jogging", "hand clap"], [1, 0], [1, 2])
    merged = mix43.merge([first, second], NAMES)
    assert [NAMES[k] for k in merged.labels] == ["clap", "draw circle", "draw circle", "clap", "jog"]


def test_performers_of_two_sets_are_told_apart_and_stay_odd_or_even(mix43):
    merged = mix43.merge([a_set(["clap"], [0, 0], [1, 2]), a_set(["hand clap"], [0, 0], [1, 2])], NAMES)
    assert merged.subjects.tolist() == [1, 2, 101, 102]
    assert mix43.trains(merged).tolist() == [True, False, True, False]


def test_features_at_other_frame_rates_are_not_taken_for_these(mix43, tmp_path):
    weights, out = tmp_path / "w.pt", tmp_path / "nw_ucla.npz"
    weights.write_bytes(b"w")
    save_features(out, a_set(["clap"], [0], [1]))
    with pytest.raises(ConfigError, match="other weights or at other frame rates"):
        mix43.features_of(tmp_path / "nw_ucla.npz", weights, out, resample=True)


@pytest.mark.skipif(not (DATA / "mix43").is_dir(), reason="needs ../shared/data/mix43 and its three sources")
def test_the_cut_is_that_of_the_published_folders(mix43):
    merged = mix43.merge([without_features(DATA / file) for file in mix43.SETS.values()], NAMES)
    assert len(merged) == 2815
    for seed in mix43.SPLITS:
        cut, folder = mix43.cut_of(merged, NAMES, seed), DATA / "mix43" / f"s{seed}"
        seen, trains = cut.phase("validation")
        stays, plays = (np.isin(merged.labels, ids) for ids in (seen, cut.split.validation_unseen))
        expected = {
            "label_splits/ru8": np.array(cut.split.unseen),
            "label_splits/rv8_0": np.array(cut.split.validation_unseen),
            "sk_feats/shift_8_r/g_label": merged.labels[~cut.trains],
            "sk_feats/shift_8_r/train_label": merged.labels[cut.trains & np.isin(merged.labels, cut.split.seen)],
            "sk_feats/shift_val_8_r/train_label": merged.labels[trains & stays],
            "sk_feats/shift_val_8_r/val_label": merged.labels[cut.judged & stays],
            "sk_feats/shift_val_8_r/z_label": merged.labels[cut.trains & plays],
        }
        for name, array in expected.items():
            assert np.array_equal(array, np.load(folder / f"{name}.npy")), name


def without_features(path):
    source = open_clips(path, ReadOptions())
    clips = list(read_clips(source))
    return a_set(list(source.class_names), [clip.label for clip in clips], [clip.subject for clip in clips])
