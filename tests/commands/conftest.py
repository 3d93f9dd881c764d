"""Fitted models for the tests of commands: one for all of them."""

import numpy as np
import pytest

from gzssar.encoders.encoder import save_encoder
from gzssar.texts.classes import write_class_texts
from model_commands import fit_on_recordings, quick_commands
from recognizer_world import TEXTS, recordings, small_encoder


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Fitted on recordings."""
    with quick_commands():
        return fit_on_recordings(tmp_path_factory.mktemp("fitted"))


@pytest.fixture
def texts(tmp_path):
    write_class_texts(tmp_path / "texts.csv", TEXTS)
    return tmp_path / "texts.csv"


@pytest.fixture
def weights(tmp_path):
    save_encoder(tmp_path / "encoder.safetensors", small_encoder())
    return tmp_path / "encoder.safetensors"


@pytest.fixture(scope="session")
def clip():
    return recordings(per_class=1, seed=5).sequence(3)


@pytest.fixture
def clip_file(tmp_path, clip):
    np.save(tmp_path / "clip.npy", clip.joints[..., 0].transpose(1, 2, 0))
    return tmp_path / "clip.npy"
