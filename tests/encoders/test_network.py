"""The seam for skeleton encoders: a network that the package does not know."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from gzssar.encoders.encoder import NEVER_TRAINED, load_encoder, save_encoder
from gzssar.encoders.network import Architecture, NetworkOutput, SkeletonNetwork
from gzssar.encoders.registry import NETWORKS
from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.errors import ConfigError, DataError
from gzssar.onnx_export import export_encoder
from synthetic_clips import small_world

CLASSES = (2, 7, 19)


class Postures(SkeletonNetwork):
    """Looks at the mean posture alone."""

    name = "postures"

    def __init__(self, class_count, width, body_count):
        super().__init__(class_count, width, body_count)
        self.norm = torch.nn.BatchNorm2d(3)
        self.hidden = torch.nn.Linear(3 * 25 * body_count, width)
        self.classifier = torch.nn.Linear(width, class_count)

    def forward(self, clips):
        features = self.hidden(self.norm(clips.flatten(3)).mean(dim=2).flatten(1)).relu()
        return NetworkOutput(features, self.classifier(features))


def read_postures(path):
    if path.read_bytes() != b"postures of their authors":
        raise DataError(f"{path} should hold postures, but it holds something else.")
    return Postures(2, 5, 1).eval()


TRAINING = EncoderTraining(width=5, frames=8, epochs=2, batch_size=6)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(NETWORKS, "postures", Architecture(Postures, load_original=read_postures))


def fitted(training):
    world = small_world()
    chosen = np.isin(world.labels, CLASSES)
    return fit_encoder(world.joints[chosen][:, :, ::4], world.labels[chosen], CLASSES, training)


def test_another_network_is_trained_saved_and_loaded_and_encodes(tmp_path):
    encoder = fitted(replace(TRAINING, network="postures"))
    assert encoder.provenance["network"] == "'postures'"
    save_encoder(tmp_path / "encoder", encoder)
    again = load_encoder(tmp_path / "encoder")
    assert isinstance(again.network, Postures)
    assert not again.network.training
    clips = np.stack([again.prepare(clip) for clip in list(small_world())[:5]])
    encoded = again.encode(clips, 48)
    assert encoded.features.shape == (5, again.network.feature_width) == (5, 5)
    assert ((encoded.logits == NEVER_TRAINED).sum(axis=1) == 45).all()
    np.testing.assert_array_equal(encoded.features, encoder.encode(clips).features)


def test_a_checkpoint_is_of_one_network(tmp_path):
    world = small_world()
    chosen = np.isin(world.labels, CLASSES)
    some = (world.joints[chosen][:, :, ::4], world.labels[chosen], CLASSES)
    fit_encoder(*some, replace(TRAINING, network="postures"), checkpoint=tmp_path / "checkpoint")
    with pytest.raises(DataError, match="network 'postures', not 'shift-gcn'"):
        fit_encoder(*some, TRAINING, checkpoint=tmp_path / "checkpoint")


def test_files_that_name_no_network_hold_a_shift_gcn(tmp_path):
    encoder = fitted(TRAINING)
    save_encoder(tmp_path / "new", encoder)
    content = (tmp_path / "new").read_bytes()
    about = json.loads(header(content)["encoder"])
    assert about.pop("network") == "shift-gcn"
    metadata = {"format": header(content)["format"], "encoder": json.dumps(about)}
    (tmp_path / "old").write_bytes(save(load(content), metadata))
    clips = np.stack([encoder.prepare(clip) for clip in list(small_world())[:2]])
    np.testing.assert_array_equal(load_encoder(tmp_path / "old").encode(clips).logits, encoder.encode(clips).logits)


def header(content):
    """The metadata of a safetensors file."""
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]


def test_the_weights_of_any_network_s_authors_are_read(tmp_path):
    (tmp_path / "theirs").write_bytes(b"postures of their authors")
    assert isinstance(load_encoder(tmp_path / "theirs").network, Postures)
    (tmp_path / "nobody's").write_bytes(b"something else, of nobody at all")
    with pytest.raises(DataError, match=r"should hold Shift-GCN weights.*should hold postures"):
        load_encoder(tmp_path / "nobody's")


def test_a_network_that_nobody_knows_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="one of shift-gcn, postures, but it is 'gestures'"):
        EncoderTraining(network="gestures")
    save_encoder(tmp_path / "encoder", fitted(replace(TRAINING, network="postures")))
    monkeypatch.delitem(NETWORKS, "postures")
    with pytest.raises(DataError, match=r"whole encoder, but .*should be one of shift-gcn, but it is 'postures'"):
        load_encoder(tmp_path / "encoder")


def test_what_cannot_be_exported_says_so(tmp_path):
    with pytest.raises(ConfigError, match=r"only encoders of the network shift-gcn .* this one is a postures"):
        export_encoder(fitted(replace(TRAINING, network="postures")), tmp_path / "encoder.onnx")
