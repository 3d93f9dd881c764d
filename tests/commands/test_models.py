"""`gzssar fit`, `predict` and `export` on fitted models, through the command line; texts are encoded by a fake."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import onnxruntime
import pytest

import gzssar.commands.fit
from gzssar.cli import main
from gzssar.commands.fit import fingerprint, synthetic_model
from gzssar.commands.predict import FitConfig
from gzssar.encoders.encoder import save_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.errors import ConfigError
from gzssar.features.features import FeatureSet
from gzssar.features.files import FeatureRows, write_rows
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting
from gzssar.skeletons.layout import NTU25
from gzssar.synthetic.world import SyntheticWorld
from gzssar.texts.classes import ClassTexts, write_class_texts
from recognizer_world import (
    LABELS,
    QUICK,
    SEEN_IDS,
    TEXTS,
    UNSEEN,
    clips_of,
    fake_text_encoders,
    quick_fits,
    recordings,
    small_encoder,
)

SHORT = replace(QUICK, cycles=1, cycle_steps=10)
SEEN = {LABELS[k] for k in SEEN_IDS}


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Fits take a tenth of a second."""
    with fake_text_encoders(), quick_fits(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(gzssar.commands.fit, "recipe_for", lambda name: SHORT)
        yield


@pytest.fixture
def texts(tmp_path):
    write_class_texts(tmp_path / "texts.csv", TEXTS)
    return tmp_path / "texts.csv"


@pytest.fixture
def weights(tmp_path):
    save_encoder(tmp_path / "encoder.safetensors", small_encoder())
    return tmp_path / "encoder.safetensors"


def write_features(path, ids=SEEN_IDS, names=LABELS, label_of=None):
    """Features of the toy world as `gzssar embed` writes them."""
    clips = clips_of(ids)
    labels = clips.labels if label_of is None else np.array([label_of[k] for k in clips.labels.tolist()])
    nothing = np.zeros((len(clips), 0), dtype=np.float32)
    clip_names = np.array([f"clip {k}" for k in range(len(clips))])
    rows = FeatureRows(clips.features, nothing, labels, clips.subjects, clip_names)
    write_rows(path, [rows], {"class_names": list(names)})
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


def killed_fit(*arguments):
    """Ctrl-C when the recordings are encoded."""

    def kill(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gzssar.commands.fit, "fit_recognizer", kill)
        with pytest.raises(SystemExit) as exit:
            fit(*arguments)
    assert exit.value.code == 130


def refused(capsys, *arguments):
    """The sentence on stderr."""
    with pytest.raises(SystemExit) as exit:
        main([*map(str, arguments)])
    assert exit.value.code == 2
    return capsys.readouterr().err


# fitting on features


def test_fit_on_features(tmp_path, texts, capsys):
    features = write_features(tmp_path / "toys.npz")
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    out = capsys.readouterr().out
    assert "9 classes with clips, 3 known from their texts" in out
    assert "On held-out classes and performers: ZSL " in out
    assert f"Model: {tmp_path / 'model'}" in out
    model = Recognizer.load(tmp_path / "model")
    assert model.seen_classes == SEEN
    assert model.classes[-3:] == UNSEEN
    about = model.parts.about
    assert (about["data"], about["clips"], about["performers"]) == ("toys.npz", 72, [0, 1, 2, 3])
    assert about["fingerprint"] == fingerprint(clips_of(SEEN_IDS))
    assert not model.synthetic
    assert not list(tmp_path.glob(".*"))


def test_classes_are_matched_by_name_whatever_their_ids(tmp_path, texts):
    order = [LABELS[k].upper() for k in reversed(range(len(LABELS)))]
    ids = {k: len(LABELS) - 1 - k for k in range(len(LABELS))}
    features = write_features(tmp_path / "a.npz", names=order, label_of=ids)
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    model = Recognizer.load(tmp_path / "model")
    assert model.seen_classes == SEEN
    assert model.parts.about["fingerprint"] == fingerprint(clips_of(SEEN_IDS))


@pytest.mark.parametrize("names", [(), tuple(f"A{k:03d}" for k in range(12))])
def test_classes_are_matched_by_id_where_no_name_is_known(tmp_path, texts, names):
    features = write_features(tmp_path / "a.npz", names=names)
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").seen_classes == SEEN


def test_features_that_say_nothing_of_names(tmp_path, texts):
    features = write_features(tmp_path / "a.npz", names=())
    arrays = dict(np.load(features))
    np.savez(features, **{**arrays, "provenance": np.array("{}")})
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").seen_classes == SEEN


def test_a_name_that_differs_among_others_is_no_reason_to_go_by_id(tmp_path, texts, capsys):
    features = write_features(tmp_path / "a.npz", names=(*reversed(LABELS[1:]), "klap"), label_of=None)
    err = refused(capsys, "fit", "--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert "should be labelled 'klap', but the nearest are 'clap'" in err


def test_classes_beyond_the_texts(tmp_path, capsys):
    write_class_texts(tmp_path / "few.csv", ClassTexts(TEXTS.rows[:8]))
    features = write_features(tmp_path / "a.npz", names=())
    err = refused(capsys, "fit", "--features", features, "--texts", tmp_path / "few.csv", "-o", tmp_path / "model")
    assert "the 8 rows of texts should describe all classes with clips, but one has id 11" in err
    features = write_features(tmp_path / "b.npz", names=(), label_of=dict.fromkeys(SEEN_IDS, -1))
    err = refused(capsys, "fit", "--features", features, "--texts", tmp_path / "few.csv", "-o", tmp_path / "model")
    assert "the class of every one of them, but some have none" in err


def test_classes_and_performers_are_left_out(tmp_path, texts):
    features = write_features(tmp_path / "a.npz", ids=range(len(LABELS)))
    given = ("--features", features, "--texts", texts, "-o", tmp_path / "model")
    fit(*given, "--unseen", "Wave", "punch", "--train-subjects", "0", "2", "--seed", "3")
    model = Recognizer.load(tmp_path / "model")
    assert set(model.classes) - model.seen_classes == {"wave", "punch"}
    assert model.parts.about["performers"] == [0, 2]
    assert model.parts.about["clips"] == 10 * 2 * 2


def test_what_leaves_no_clips_or_is_no_class(tmp_path, texts, capsys):
    given = ("fit", "--features", write_features(tmp_path / "a.npz"), "--texts", texts, "-o", tmp_path / "model")
    assert "--unseen and --train-subjects leave none" in refused(capsys, *given, "--train-subjects", "99")
    assert "the nearest are 'clap'" in refused(capsys, *given, "--unseen", "clasp")
    assert not (tmp_path / "model").exists()


def test_fewer_kinds_of_text(tmp_path, texts):
    features = write_features(tmp_path / "a.npz")
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model", "--text", "lb+md")
    assert Recognizer.load(tmp_path / "model").parts.kinds == ("lb", "md")


# what is refused


def test_a_folder_in_use_is_left_alone(tmp_path, texts, capsys):
    given = ("fit", "--features", write_features(tmp_path / "a.npz"), "--texts", texts, "-o")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("mine")
    (tmp_path / "empty").mkdir()
    for place in ("full", "a.npz"):
        assert "is there already: name another folder with -o" in refused(capsys, *given, tmp_path / place)
    fit(*given[1:], tmp_path / "empty")
    assert "is there already" in refused(capsys, *given, tmp_path / "empty")  # now it holds a model


def test_missing_weights_and_files(tmp_path, texts, weights, capsys):
    out = ("--texts", texts, "-o", tmp_path / "model")
    features, clips = write_features(tmp_path / "a.npz"), write_recordings(tmp_path / "clips.npz")
    nowhere = tmp_path / "nowhere"
    for given, sentence in (
        (("--data", clips), "recordings need a skeleton encoder: give one with --encoder-weights"),
        (("--data", clips, "--encoder-weights", nowhere), "should hold encoder weights"),
        (("--data", nowhere, "--encoder-weights", weights), "nowhere"),
        (("--features", features, "--encoder-weights", nowhere), "should hold encoder weights"),
        (("--features", features, "--encoder-weights", weights), "its features have width 16 and these 8"),
        (("--features", nowhere), "should hold features, but there is no such file"),
        (("--features", texts), "should hold features that `gzssar embed` wrote"),
        (("--features", features, "--data", clips), "give one"),
        ((), "give one"),
    ):
        assert sentence in refused(capsys, "fit", *given, *out)
        assert not (tmp_path / "model").exists()


def test_arguments_that_contradict_each_other(tmp_path):
    with pytest.raises(ConfigError, match="give one"):
        FitConfig("synthetic", tmp_path)
    with pytest.raises(ConfigError, match="lb, ad and md"):
        FitConfig("synthetic", tmp_path, features=tmp_path, text="xx")


# fitting on recordings, and what follows


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Fitted on recordings."""
    root = tmp_path_factory.mktemp("fitted")
    save_encoder(root / "encoder.safetensors", small_encoder(body_count=2))
    write_class_texts(root / "texts.csv", TEXTS)
    clips = write_recordings(root / "clips.npz")
    fit(
        *("--data", clips, "--encoder-weights", root / "encoder.safetensors"),
        *("--texts", root / "texts.csv", "-o", root / "model", "--device", "cpu"),
    )
    assert {path.name for path in root.iterdir()} == {"model", "clips.npz", "texts.csv", "encoder.safetensors"}
    return root / "model"


@pytest.fixture(scope="module")
def clip():
    return recordings(per_class=1, seed=5).sequence(3)


@pytest.fixture
def clip_file(tmp_path, clip):
    np.save(tmp_path / "clip.npy", clip.joints[..., 0].transpose(1, 2, 0))
    return tmp_path / "clip.npy"


def test_fit_on_recordings(model):
    recognizer = Recognizer.load(model)
    assert recognizer.seen_classes == SEEN
    assert recognizer.parts.about["data"] == "clips.npz"
    assert recognizer.parts.about["clips"] == len(SEEN_IDS) * 4
    assert recognizer.frames == 8


def test_recordings_and_their_features_give_the_same_model(model, tmp_path, capsys):
    root = model.parent
    main(["embed", str(root / "clips.npz"), "--weights", str(root / "encoder.safetensors"), "-o", f"{tmp_path}/f.npz"])
    given = ("--features", tmp_path / "f.npz", "--encoder-weights", root / "encoder.safetensors")
    fit(*given, "--texts", root / "texts.csv", "-o", tmp_path / "model")
    one, other = Recognizer.load(model), Recognizer.load(tmp_path / "model")
    assert all(np.array_equal(a.centre, b.centre) for a, b in zip(one.known, other.known, strict=True))


def test_features_of_other_weights_are_refused(model, tmp_path, capsys):
    root = model.parent
    main(["embed", f"{root}/clips.npz", "--weights", f"{root}/encoder.safetensors", "-o", f"{tmp_path}/f.npz"])
    save_encoder(tmp_path / "other.safetensors", small_encoder(stream="bone"))
    given = ("--features", tmp_path / "f.npz", "--texts", root / "texts.csv", "-o", tmp_path / "model")
    said = refused(capsys, "fit", *given, "--encoder-weights", tmp_path / "other.safetensors")
    assert "--encoder-weights should be what made the features" in said


def test_what_was_left_out_is_named(tmp_path, texts, weights, capsys):
    with np.load(write_recordings(tmp_path / "clips.npz")) as file:
        arrays = dict(file)
    arrays["joints"][arrays["offsets"][:7]] = np.nan
    np.savez(tmp_path / "clips.npz", **arrays)
    given = ("--data", tmp_path / "clips.npz", "--encoder-weights", weights, "--texts", texts, "-o", tmp_path / "model")
    assert "clips.npz[0]" in refused(capsys, "fit", *given)
    fit(*given, "--skip-bad")
    out = capsys.readouterr().out
    assert out.count("left out clips.npz[") == 5
    assert "left out 7 malformed clips in all" in out
    assert "29 clips, fingerprint" in Recognizer.load(tmp_path / "model").card
    assert "; 7 malformed ones were left out" in Recognizer.load(tmp_path / "model").card


def test_clips_can_be_brought_to_another_length(model, clip, tmp_path, capsys):
    """The recognizer reads what its features were made of."""
    root, weights = model.parent, ("--encoder-weights", model.parent / "encoder.safetensors")
    given = ("--texts", root / "texts.csv", *weights, "-o")
    fit("--data", root / "clips.npz", "--frames", "5", *given, tmp_path / "model")
    main(
        [
            "embed",
            f"{root}/clips.npz",
            "--weights",
            f"{root}/encoder.safetensors",
            "--frames",
            "5",
            "-o",
            f"{tmp_path}/f.npz",
        ]
    )
    fit("--features", tmp_path / "f.npz", *given, tmp_path / "again")
    one, other = Recognizer.load(tmp_path / "model"), Recognizer.load(tmp_path / "again")
    assert one.frames == other.frames == 5
    assert one.prepare(clip).shape[2] == 5
    assert one.predict(clip) == other.predict(clip) != Recognizer.load(model).predict(clip)
    assert "--frames should be at least 1, but it is 0" in refused(
        capsys, "fit", "--data", "x", "--frames", "0", *given, tmp_path / "none"
    )
    assert "--frames goes with --data" in refused(
        capsys, "fit", "--features", "x", "--frames", "9", *given, tmp_path / "none"
    )


def test_a_killed_fit_goes_on_from_its_features(tmp_path, texts, weights, monkeypatch):
    clips = write_recordings(tmp_path / "clips.npz")
    given = ("--data", clips, "--encoder-weights", weights, "--texts", texts, "-o", tmp_path / "model")
    done, embed = [], gzssar.commands.fit.embed

    def counted(config, progress):
        done.append(config.clips.name)
        return embed(config, progress)

    monkeypatch.setattr(gzssar.commands.fit, "embed", counted)
    killed_fit(*given)
    assert (tmp_path / ".model.features.npz").exists()
    fit(*given)
    assert done == ["clips.npz"]
    assert not list(tmp_path.glob(".*"))
    assert Recognizer.load(tmp_path / "model").seen_classes == SEEN


def test_features_of_other_recordings_are_not_gone_on_from(tmp_path, texts, weights):
    clips, others = write_recordings(tmp_path / "clips.npz"), write_recordings(tmp_path / "others.npz", seed=1)
    given = ("--encoder-weights", weights, "--texts", texts, "-o")
    killed_fit("--data", clips, *given, tmp_path / "model")
    fit("--data", others, *given, tmp_path / "model")
    fit("--data", others, *given, tmp_path / "again")
    one, other = (Recognizer.load(tmp_path / name).parts.about["fingerprint"] for name in ("model", "again"))
    assert one == other


def test_fit_into_the_folder_one_stands_in(tmp_path, texts, weights, monkeypatch):
    clips = write_recordings(tmp_path / "clips.npz")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    fit("--data", clips, "--encoder-weights", weights, "--texts", texts, "-o", ".")
    assert Recognizer.load(tmp_path / "here").seen_classes == SEEN


def test_predict_with_the_fitted_model(model, clip, clip_file, capsys):
    main(["predict", str(model), str(clip_file), "--layout", "ntu25", "--json", "--top-k", "3"])
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = Recognizer.load(model).predict([clip], top_k=3)[0]
    assert row["name"] == str(clip_file)
    assert [one["label"] for one in row["ranking"]] == [one["label"] for one in expected]
    assert row["ranking"][0]["score"] == pytest.approx(expected[0]["score"], abs=1e-4)


def test_predict_with_added_classes_and_candidates(model, clip_file, tmp_path, capsys):
    (tmp_path / "more.csv").write_text("label,action,motion\nsit,to sit,knees bend\n")
    given = ["predict", str(model), str(clip_file), "--layout", "ntu25", "--json"]
    main([*given, "--add", f"{tmp_path}/more.csv", "--candidate-labels", "sit", "wave"])
    row = json.loads(capsys.readouterr().out)
    assert {one["label"] for one in row["ranking"]} == {"sit", "wave"}
    assert "nearest are 'clap'" in refused(capsys, *given, "--candidate-labels", "klap")


def test_predict_needs_a_model_that_takes_recordings(tmp_path, texts, clip_file, capsys):
    fit("--features", write_features(tmp_path / "a.npz"), "--texts", texts, "-o", tmp_path / "model")
    assert "it was fitted on features" in refused(capsys, "predict", tmp_path / "model", clip_file)
    err = refused(capsys, "export", tmp_path / "model", "--onnx", tmp_path / "onnx")
    assert "was fitted on features and has no skeleton encoder" in err
    assert "there is no such folder" in refused(capsys, "predict", tmp_path / "nowhere", clip_file)


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
    assert names == {"encoder.onnx", "heads.onnx", "prototypes.npy", "texts.csv"}
    recognizer = Recognizer.load(model)
    prepared = recognizer.encoder.prepare(clip)[None]
    np.testing.assert_allclose(
        onnx_scores(tmp_path / "onnx", prepared), recognizer.predict_proba(clip), rtol=0, atol=1e-4
    )
    assert (tmp_path / "onnx/texts.csv").read_text().splitlines()[1:] == [
        f"{row},{label},to {label},the body will {label}" for row, label in enumerate(UNSEEN)
    ]
    assert "should be empty or not exist" in refused(capsys, "export", model, "--onnx", tmp_path / "onnx")


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
    assert "need a seen and an unseen class at least" in err
    assert not (tmp_path / "onnx").exists()


# the synthetic model


@pytest.fixture
def tiny(monkeypatch):
    """A small synthetic world, and an encoder that is hardly trained."""
    world = "gzssar.synthetic.world.SyntheticWorld"
    monkeypatch.setattr(world, partial(SyntheticWorld, clips_per_class=4, frames=8, subject_count=4))
    monkeypatch.setattr(gzssar.commands.fit, "Fitting", lambda: Fitting(recipe=replace(SHORT, fold_classes=20)))
    small = {"width": 2, "frames": 8, "epochs": 1}
    training = "gzssar.encoders.training.options.EncoderTraining"
    monkeypatch.setattr(training, lambda **given: EncoderTraining(**{**given, **small}))


def test_the_synthetic_model_is_made_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    told, said = [], []
    made = synthetic_model(lambda *step: told.append(step[0]), said.append)
    assert made.synthetic
    assert made.card.count("**Synthetic:**") == 1
    assert len(made.classes) == 48
    assert 0 < len(made.seen_classes) < 48
    assert set(told) == {"synthetic encoder", "alignment"}
    monkeypatch.setattr(gzssar.commands.fit, "_fit_synthetic", None)
    again = synthetic_model(say=said.append)
    [sentence] = said
    assert f"once: it is kept in {tmp_path}" in sentence
    clip = recordings(per_class=1).sequence(0)
    assert again.predict(clip) == made.predict(clip)
    assert len(list((tmp_path / "models").iterdir())) == 1


@pytest.fixture
def stand_in(monkeypatch, model):
    """Counts how often the synthetic model is made."""
    made = []

    def make(progress):
        made.append(progress)
        return Recognizer.load(model)

    monkeypatch.setattr(gzssar.commands.fit, "_fit_synthetic", make)
    return made


def test_a_damaged_cache_is_made_anew(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    synthetic_model()
    [folder] = (tmp_path / "models").iterdir()
    for name in ("weights.safetensors", "config.json"):
        (folder / name).write_bytes(b"cut")
        synthetic_model()
        before = len(stand_in)
        synthetic_model()
        assert len(stand_in) == before  # in order again
    assert before == 3


def test_without_a_cache_it_is_made_each_time(stand_in, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for root in (None, tmp_path / "file"):
        monkeypatch.setattr(gzssar.commands.fit, "cache_root", lambda root=root: root)
        assert synthetic_model().classes == synthetic_model().classes
    assert len(stand_in) == 4


def test_clips_are_told_apart_by_their_fingerprint():
    clips = clips_of(SEEN_IDS)
    assert fingerprint(clips) == fingerprint(clips_of(SEEN_IDS))
    assert len(fingerprint(clips)) == 16
    for other in (clips_of(SEEN_IDS, seed=1), FeatureSet(clips.features, clips.labels[::-1].copy())):
        assert fingerprint(other) != fingerprint(clips)


def test_serve_takes_a_model_or_the_synthetic_one(model, monkeypatch, capsys):
    served = []
    monkeypatch.setattr("gzssar.web.server.serve", lambda recognizer, config: served.append(recognizer.classes))
    monkeypatch.setattr("gzssar.commands.fit.synthetic_model", lambda progress, say: Recognizer.load(model))
    main(["serve", str(model)])
    main(["serve"])
    assert served == [Recognizer.load(model).classes] * 2
    assert "there is no such folder" in refused(capsys, "serve", model.parent / "nowhere")
