"""`gzssar export` on a fitted model, through the command line."""

import numpy as np
import onnxruntime
import pytest

from gzssar.cli import main
from gzssar.recognizer import Recognizer
from model_commands import fit, quick_commands, refused, write_features_file
from recognizer_world import UNSEEN


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnx_scores(folder, prepared):
    features = session(folder / "encoder.onnx").run(["features"], {"clips": prepared})[0]
    inputs = {"features": features, "unseen_prototypes": np.load(folder / "prototypes.npy")}
    return session(folder / "heads.onnx").run(["scores"], inputs)[0]


def test_an_exported_model_scores_alike(model, clip, tmp_path, capsys):
    main(["export", str(model), "--onnx", str(tmp_path / "onnx")])
    assert f"ONNX: {tmp_path}/onnx/encoder.onnx" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "onnx").iterdir()}
    assert names == {
        *("encoder.onnx", "heads.onnx", "open_heads.onnx", "prototypes.npy", "texts.csv"),
        *("prepare.py", "prepare.json", "text_space.npz", "skeleton_space.npz", "test_vectors.npz"),
    }
    recognizer = Recognizer.load(model)
    prepared = recognizer.encoder.prepare(clip)[None]
    np.testing.assert_allclose(
        onnx_scores(tmp_path / "onnx", prepared), recognizer.predict_proba(clip), rtol=0, atol=1e-4
    )
    assert (tmp_path / "onnx/texts.csv").read_text().splitlines()[1:] == [
        f"{row},{label},to {label},the body will {label}" for row, label in enumerate(UNSEEN)
    ]
    assert "should be a new or empty folder" in refused(capsys, "export", model, "--onnx", tmp_path / "onnx")


def test_classes_can_be_added_to_an_export(model, clip, tmp_path):
    (tmp_path / "more.csv").write_text("label,action,motion\nsit,to sit,knees bend\n")
    main(["export", str(model), "--onnx", str(tmp_path / "onnx"), "--add", str(tmp_path / "more.csv")])
    recognizer = Recognizer.load(model)
    recognizer.add_class("sit", "to sit", "knees bend")
    scores = onnx_scores(tmp_path / "onnx", recognizer.encoder.prepare(clip)[None])
    np.testing.assert_allclose(scores, recognizer.predict_proba(clip), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["seen", "unseen"])
def test_an_export_needs_classes_of_both_kinds(model, tmp_path, capsys, kind):
    recognizer = Recognizer.load(model)
    for one in recognizer.known:
        if one.seen == (kind == "seen"):
            recognizer.remove_class(one.text.label)
    recognizer.save(tmp_path / "model")
    err = refused(capsys, "export", tmp_path / "model", "--onnx", tmp_path / "onnx")
    assert "needs at least one seen and one unseen class" in err
    assert not (tmp_path / "onnx").exists()


def test_an_export_needs_an_encoder(tmp_path, texts, capsys):
    fit("--features", write_features_file(tmp_path / "a.npz"), "--texts", texts, "-o", tmp_path / "model")
    err = refused(capsys, "export", tmp_path / "model", "--onnx", tmp_path / "onnx")
    assert "was fitted on features and has no skeleton encoder" in err
