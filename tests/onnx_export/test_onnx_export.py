import json
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from gzssar.decision.abstention import Limits, Thresholds
from gzssar.decision.decision import Calibration, Decision
from gzssar.decision.gate import BestScores, Gate
from gzssar.encoders.encoder import Encoder
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.encoders.streams import StreamEncoders
from gzssar.errors import MissingExtraError, OutputError
from gzssar.features.whitening import SkeletonSpace, cosines
from gzssar.methods.method import ClassScores
from gzssar.onnx_export import IR_VERSION, OPSET, Heads, export_encoder, export_heads
from gzssar.skeletons.preprocess import STREAMS


def trained(seed=0, **change):
    """A network whose every weight and statistic is random, as if it had been trained."""
    torch.manual_seed(seed)
    network = ShiftGcn(**{"class_count": 5, "width": 8, **change})
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif name.endswith(("norm.weight", "norm_in.weight", "norm_out.weight")):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith(("bias", "running_mean", "mask")):
            tensor.normal_(0, 0.3)
        elif name.endswith("offset"):
            tensor.uniform_(-4, 4)
    return network.eval().requires_grad_(False)


def encoder(frames, **change):
    network = trained(**change)
    return Encoder(network, tuple(range(network.classifier.out_features)), frames, provenance={"weights": "random"})


def clips(frames, bodies, count=4):
    """Where there are two bodies, the second is absent in some clips."""
    joints = torch.randn(count, 3, frames, 25, bodies, generator=torch.Generator().manual_seed(1))
    if bodies > 1:
        joints[1:3, ..., 1] = 0
    return joints


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def close(ours, theirs):
    """Equal to 1e-4 of how much clips and columns differ."""
    return np.abs(ours - theirs).max() <= 1e-4 * theirs.std()


def heads(seen=4, width=6):
    rng = np.random.default_rng(0)
    offset, blocks = rng.normal(size=2 * width), rng.normal(size=(2, width, width))
    return Heads(
        SkeletonSpace(offset.astype(np.float32), blocks.astype(np.float32), roots=True),
        seen_means=rng.normal(size=(seen, 2 * width)).astype(np.float32),
        advantages=np.array([0, 0.2, 0, 0.1][:seen], dtype=np.float32),
        seen_labels=tuple(f"séen {i}" for i in range(seen)),
        decision=Decision(
            Gate(np.array([0.3, 0.2]), np.full(2, 0.5), np.array([1.5, -1.2]), 0.2, BestScores()),
            Calibration(seen_temperature=0.3, unseen_temperature=0.15, threshold=0.7),
        ),
        thresholds=Thresholds(Limits(0.25, 0.5), Limits(0.5, 0.75)),
    )


@pytest.mark.parametrize(("frames", "bodies"), [(64, 1), (17, 2), (1, 2)])
def test_the_encoder_says_what_pytorch_says(tmp_path, frames, bodies):
    exported, joints = encoder(frames, body_count=bodies), clips(frames, bodies)
    export_encoder(exported, tmp_path / "encoder.onnx")
    plain = exported.network(joints)
    for some in (joints, joints[1:2]):  # any number of clips
        features, logits = session(tmp_path / "encoder.onnx").run(None, {"clips": some.numpy()})
        assert features.dtype == logits.dtype == np.float32
        kept = slice(None) if len(some) > 1 else slice(1, 2)
        assert close(features, plain.features[kept].numpy())
        assert close(logits, plain.logits[kept].numpy())


def test_the_encoder_at_full_width(tmp_path):
    exported, joints = encoder(64, width=64, class_count=60), clips(64, 2, count=3)
    export_encoder(exported, tmp_path / "encoder.onnx")
    features, logits = session(tmp_path / "encoder.onnx").run(None, {"clips": joints.numpy()})
    plain = exported.network(joints)
    assert features.shape == (3, 256)
    assert close(features, plain.features.numpy())
    assert close(logits, plain.logits.numpy())


def test_clips_without_any_body_are_answered_like_in_pytorch(tmp_path):
    exported = encoder(8)
    export_encoder(exported, tmp_path / "encoder.onnx")
    nobody = torch.zeros(2, 3, 8, 25, 2)
    features, _ = session(tmp_path / "encoder.onnx").run(None, {"clips": nobody.numpy()})
    assert close(features, exported.network(nobody).features.numpy())


def test_shifts_of_no_frames_at_all(tmp_path):
    exported, joints = encoder(9), clips(9, 2)
    for part in exported.network.parts:
        part.temporal.shift_in.offset.data.zero_()
        part.temporal.shift_out.offset.data.zero_()
    export_encoder(exported, tmp_path / "encoder.onnx")
    features, _ = session(tmp_path / "encoder.onnx").run(None, {"clips": joints.numpy()})
    assert close(features, exported.network(joints).features.numpy())


def test_the_heads_say_what_numpy_says(tmp_path):
    head, rng = heads(), np.random.default_rng(1)
    export_heads(head, tmp_path / "heads.onnx")
    features = rng.normal(size=(7, 6)).astype(np.float32)
    space = head.space(features)
    for count in (1, 3):  # any number of unseen classes
        prototypes = rng.normal(size=(count, 12)).astype(np.float32)
        inputs = {"features": features, "unseen_prototypes": prototypes}
        scores, p_seen, angles = session(tmp_path / "heads.onnx").run(["scores", "p_seen", "cosines"], inputs)
        near = ClassScores(cosines(space, head.seen_means), cosines(space, prototypes))
        np.testing.assert_allclose(angles, np.concatenate(near, axis=1), atol=1e-6)
        wanted = head.decision.rank(ClassScores(near.seen + head.advantages, near.unseen))
        assert wanted.p_seen.std() > 0.01
        np.testing.assert_allclose(p_seen, wanted.p_seen, rtol=1e-4)
        np.testing.assert_allclose(scores, np.concatenate([wanted.seen, wanted.unseen], axis=1), rtol=1e-4, atol=1e-9)


def test_open_heads_are_told_the_seen_classes(tmp_path):
    head, rng = heads(), np.random.default_rng(1)
    inputs = {
        "features": rng.normal(size=(7, 6)).astype(np.float32),
        "unseen_prototypes": rng.normal(size=(3, 12)).astype(np.float32),
    }
    more = replace(head, seen_means=rng.normal(size=(5, 12)).astype(np.float32), advantages=np.full(5, np.float32(0.1)))
    export_heads(head, tmp_path / "open.onnx", open_to_clips=True)
    onnx.checker.check_model(onnx.load(tmp_path / "open.onnx"), full_check=True)
    for one in (head, more):
        export_heads(one, tmp_path / "heads.onnx")
        wanted = session(tmp_path / "heads.onnx").run(None, inputs)
        told = inputs | {"seen_centres": one.seen_means, "seen_advantages": one.advantages}
        for ours, theirs in zip(session(tmp_path / "open.onnx").run(None, told), wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_files_are_valid_and_say_what_they_are(tmp_path):
    export_encoder(encoder(16), tmp_path / "encoder.onnx")
    export_heads(heads(), tmp_path / "heads.onnx")
    about = {}
    for name in ("encoder.onnx", "heads.onnx"):
        model = onnx.load(tmp_path / name)
        onnx.checker.check_model(model, full_check=True)
        assert (model.opset_import[0].version, model.ir_version) == (OPSET, IR_VERSION)
        about |= {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert about == {
        "classes": [0, 1, 2, 3, 4],
        "frames": 16,
        "fps": 30.0,
        "streams": ["joint"],
        "provenance": [{"weights": "random"}],
        "seen_labels": ["séen 0", "séen 1", "séen 2", "séen 3"],
        "abstain_below": {"seen": {"top": 0.25, "cosine": 0.5}, "unseen": {"top": 0.5, "cosine": 0.75}},
    }


@pytest.mark.parametrize("bodies", [1, 2])
def test_several_streams_are_one_graph(tmp_path, bodies):
    members = tuple(
        replace(encoder(16, body_count=bodies, seed=number), stream=name) for number, name in enumerate(STREAMS)
    )
    joined = StreamEncoders(members)
    export_encoder(joined, tmp_path / "encoder.onnx")
    joints = np.concatenate([clips(16, bodies).numpy() * scale for scale in (1, 0.5, 2, -1)], axis=1)
    if bodies == 2:
        joints[0, 3:6, ..., 1] = 0  # absent in one stream alone, as a body that does not move is among motions
    features, logits = session(tmp_path / "encoder.onnx").run(None, {"clips": joints})
    plain = joined.encode(joints)
    assert features.shape == (4, 4 * 32)
    assert close(features, plain.features)
    assert close(logits, plain.logits)
    onnx.checker.check_model(onnx.load(tmp_path / "encoder.onnx"), full_check=True)


def test_equal_encoders_give_equal_files(tmp_path):
    for name in ("a", "b"):
        export_encoder(encoder(16), tmp_path / name / "encoder.onnx")
    assert (tmp_path / "a/encoder.onnx").read_bytes() == (tmp_path / "b/encoder.onnx").read_bytes()


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        export_heads(heads(), tmp_path / "file" / "heads.onnx")


def test_without_onnx_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    for export in (lambda: export_encoder(encoder(8), tmp_path / "x"), lambda: export_heads(heads(), tmp_path / "x")):
        with pytest.raises(MissingExtraError, match=r"pip install 'gzssar\[onnx\]'"):
            export()
    assert not list(tmp_path.iterdir())
