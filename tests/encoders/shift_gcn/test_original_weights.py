from itertools import pairwise

import numpy as np
import pytest
import torch

from gzssar.encoders.shift_gcn.original_weights import load_original
from gzssar.errors import DataError
from gzssar.skeletons.preprocess import prenormalise


@pytest.fixture(scope="module")
def weights(shared_data):
    return shared_data / "shiftgcn" / "ntu120_xset_joint.pt"


@pytest.fixture(scope="module")
def golden(shared_data):
    """Inputs, features and logits of an independent forward pass; see the data's README."""
    with np.load(shared_data / "shiftgcn" / "golden_ntu120_xset_joint.npz") as file:
        return {name: file[name] for name in file}


@pytest.fixture(scope="module")
def encoder(weights):
    return load_original(weights)


def relative_error(ours, theirs):
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def encoded(encoder, clips):
    with torch.inference_mode():
        features, logits = encoder(torch.from_numpy(clips))
    return features.numpy(), logits.numpy()


def test_the_golden_input_gives_the_golden_features_and_logits(encoder, golden):
    features, logits = encoded(encoder, golden["input"])
    assert relative_error(features, golden["feature"]) < 1e-4
    assert relative_error(logits, golden["logits"]) < 1e-4


def test_the_golden_joints_give_them_through_our_preprocessing(encoder, golden):
    starts = golden["offsets"]
    clips = []
    for start, end in pairwise(starts):
        joints = golden["joints"][start:end].transpose(2, 0, 1)[..., None]
        alone = prenormalise(joints, 300)
        clips.append(np.concatenate([alone, np.zeros_like(alone)], axis=3))
    features, logits = encoded(encoder, np.stack(clips).astype(np.float32))
    assert relative_error(features, golden["feature"]) < 1e-3
    assert relative_error(logits, golden["logits"]) < 1e-3


def broken(weights, tmp_path, change):
    state = torch.load(weights, weights_only=True)
    change(state)
    torch.save(state, tmp_path / "weights.pt")
    return tmp_path / "weights.pt"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(extra=torch.zeros(1)), "holds extra, which no part of a Shift-GCN uses"),
        (lambda s: s.pop("l3.tcn1.bn.bias"), "missing or superfluous.*blocks.2.temporal.norm_in.bias"),
        (lambda s: s.pop("fc.weight"), "it lacks fc.weight"),
        (lambda s: s["l4.tcn1.shift_in.xpos"].fill_(0.5), "l4.tcn1.shift_in.xpos should be zero"),
        (lambda s: s["l2.gcn1.shift_out"].copy_(torch.arange(1600)), "should shift channel c by c joints"),
        (lambda s: s["l9.gcn1.bn.bias"].fill_(float("nan")), "should hold finite weights"),
        (lambda s: s.update({"l2.gcn1.Linear_weight": torch.zeros(64, 32)}), "of another architecture"),
    ],
)
def test_weights_that_are_not_understood_are_refused(weights, tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        load_original(broken(weights, tmp_path, change))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02cos\nsystem\n(S'true'\ntR.", b"no weights"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "weights.pt").write_bytes(content)
    with pytest.raises(DataError, match="should hold Shift-GCN weights, but it holds something other than tensors"):
        load_original(tmp_path / "weights.pt")


def test_a_missing_file_and_something_else_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_original(tmp_path / "weights.pt")
    torch.save([torch.zeros(3)], tmp_path / "weights.pt")
    with pytest.raises(DataError, match="should hold a state dictionary"):
        load_original(tmp_path / "weights.pt")
