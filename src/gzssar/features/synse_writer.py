"""Writes a benchmark as SynSE folders, so that any peer's code runs on our features; :mod:`gzssar.features.synse` says
what lies where."""

import csv
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gzssar.errors import OutputError
from gzssar.features.features import Benchmark
from gzssar.files import require_free
from gzssar.skeletons.preprocess import STREAMS


def write_synse(root: Path, benchmark: Benchmark, about: Mapping[str, Any]) -> None:
    """Write features of both phases and the class split below `root`; all of it or nothing.

    Besides the arrays, ``classes.csv`` names the classes (column ``label``) and ``provenance.json`` holds `about`.

    Args:
        root: a folder that does not exist or is empty.
        benchmark: both phases; as many classes play unseen in validation as are unseen.
        about: where the features come from.

    Raises:
        OutputError: `root` holds something, or cannot be written.
    """
    require_free(root, folder=True)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=f".{root.name}.", suffix=".part") as folder:
            whole = Path(folder) / "whole"
            _write_all(whole, benchmark, about)
            if root.exists():
                root.rmdir()
            shutil.move(whole, root)
    except OSError as error:
        raise OutputError(f"{root} cannot be written ({error}): name another folder.") from error


def _write_all(root: Path, benchmark: Benchmark, about: Mapping[str, Any]) -> None:
    split, test, validation = benchmark.split, benchmark.test, benchmark.validation
    assert validation is not None  # the caller's benchmark has both phases
    u, k = len(split.unseen), split.class_count
    ztest, held_out, vtest = (
        test.test.of(test.unseen),
        validation.test.of(validation.seen),
        validation.test.of(validation.unseen),
    )
    arrays = {
        f"sk_feats/shift_{u}_r/train": test.train.features,
        f"sk_feats/shift_{u}_r/train_label": test.train.labels,
        f"sk_feats/shift_{u}_r/ztest": ztest.features,
        f"sk_feats/shift_{u}_r/z_label": ztest.labels,
        f"sk_feats/shift_{u}_r/gtest": test.test.features,
        f"sk_feats/shift_{u}_r/g_label": test.test.labels,
        f"sk_feats/shift_{u}_r/gtest_out": test.test.logits,
        f"sk_feats/shift_val_{u}_r/train": validation.train.features,
        f"sk_feats/shift_val_{u}_r/train_label": validation.train.labels,
        f"sk_feats/shift_val_{u}_r/val": held_out.features,
        f"sk_feats/shift_val_{u}_r/val_label": held_out.labels,
        f"sk_feats/shift_val_{u}_r/val_out": held_out.logits,
        f"sk_feats/shift_val_{u}_r/ztest": vtest.features,
        f"sk_feats/shift_val_{u}_r/z_label": vtest.labels,
        f"sk_feats/shift_val_{u}_r/ztest_out": vtest.logits,
        f"label_splits/ru{u}": np.array(split.unseen),
        f"label_splits/rs{k - u}": np.array(split.seen),
        f"label_splits/rv{u}_0": np.array(split.validation_unseen),
        f"label_splits/rs{k - 2 * u}_0": np.array(split.validation_seen),
    }
    for folder, train in ((f"shift_{u}_r", test.train), (f"shift_val_{u}_r", validation.train)):
        if train.subjects is not None:
            arrays[f"sk_feats/{folder}/train_subject"] = train.subjects
        if len(train.streams) > 1:
            arrays[f"sk_feats/{folder}/streams"] = np.array([STREAMS.index(stream) for stream in train.streams])
    for name, array in arrays.items():
        path = root / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert array is not None  # both phases of a zero-shot benchmark have logits
        np.save(path, array, allow_pickle=False)
    with (root / "classes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "label"], *enumerate(benchmark.class_names)])
    (root / "provenance.json").write_text(json.dumps(dict(about), indent=2) + "\n")
