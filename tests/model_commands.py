"""What the tests of commands on models share: small recipes, features and recordings as files, and one fitted model."""

from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

import gzssar.recognizer.weights_alone  # noqa: F401  # its signatures need Fitting as it is
from gzssar.cli import main
from gzssar.encoders.encoder import save_encoder
from gzssar.features.features import FeatureSet
from gzssar.features.files import write_features
from gzssar.recognizer.fitting import Fitting
from gzssar.skeletons.layout import NTU25
from gzssar.texts.classes import write_class_texts
from recognizer_world import (
    LABELS,
    QUICK,
    SEEN_IDS,
    TEXTS,
    clips_of,
    fake_text_encoders,
    quick_fits,
    recordings,
    small_encoder,
)

SEEN = {LABELS[k] for k in SEEN_IDS}


@contextmanager
def quick_commands():
    """Inside, fits take a tenth of a second, and texts are encoded by a fake."""
    with fake_text_encoders(), quick_fits(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("gzssar.recognizer.fitting.Fitting", partial(Fitting, recipe=QUICK))
        yield


def write_features_file(path, ids=SEEN_IDS, names=LABELS, label_of=None):
    """Features of the toy world as `gzssar embed` writes them."""
    clips = clips_of(ids)
    labels = clips.labels if label_of is None else np.array([label_of[k] for k in clips.labels.tolist()])
    nothing = np.zeros((len(clips), 0), dtype=np.float32)
    clip_names = np.array([f"clip {k}" for k in range(len(clips))])
    rows = FeatureSet(clips.features, labels, nothing, {}, clips.subjects, clip_names)
    write_features(path, [rows], {"class_names": list(names)})
    return path


def write_recordings(path, seed=0, per_class=4):
    """Recordings of the synthetic world's first classes, under the toy world's labels."""
    drawn = recordings(per_class=per_class, seed=seed)
    kept = drawn.labels < len(SEEN_IDS)
    joints = drawn.joints[kept, ..., 0].transpose(0, 2, 3, 1)
    np.savez(
        path,
        joints=joints.reshape(-1, 25, 3),
        offsets=np.arange(len(joints) + 1) * joints.shape[1],
        label=drawn.labels[kept],
        subject=drawn.subjects[kept],
        class_names=np.array([LABELS[k] for k in SEEN_IDS]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(20),
    )
    return path


def fit(*arguments):
    main(["fit", *map(str, arguments)])


def fit_on_recordings(root):
    """A folder with recordings, texts, an encoder, and the model that was fitted on them."""
    save_encoder(root / "encoder.safetensors", small_encoder(body_count=2))
    write_class_texts(root / "texts.csv", TEXTS)
    clips = write_recordings(root / "clips.npz")
    fit(
        *("--data", clips, "--encoder-weights", root / "encoder.safetensors"),
        *("--texts", root / "texts.csv", "-o", root / "model", "--device", "cpu"),
    )
    assert {path.name for path in root.iterdir()} == {"model", "clips.npz", "texts.csv", "encoder.safetensors"}
    return root / "model"


def refused(capsys, *arguments):
    """The sentence on stderr."""
    with pytest.raises(SystemExit) as exit:
        main([*map(str, arguments)])
    assert exit.value.code == 2
    return capsys.readouterr().err
