"""`gzssar fit` through the command line; texts are encoded by a fake."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import gzssar.features.embedding
from gzssar.cli import main
from gzssar.commands.fit import FitConfig
from gzssar.encoders.encoder import save_encoder
from gzssar.errors import ConfigError
from gzssar.recognizer import Recognizer
from gzssar.texts.classes import ClassTexts, write_class_texts
from model_commands import SEEN, fit, quick_commands, refused, write_features_file, write_recordings
from recognizer_world import LABELS, SEEN_IDS, TEXTS, UNSEEN, clips_of, small_encoder


@pytest.fixture(autouse=True, scope="module")
def quick():
    with quick_commands():
        yield


def killed_fit(*arguments):
    """Ctrl-C when the recordings are encoded."""

    def kill(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gzssar.recognizer.fitting.fit_recognizer", kill)
        with pytest.raises(SystemExit) as exit:
            fit(*arguments)
    assert exit.value.code == 130


# fitting on features


def test_fit_on_features(tmp_path, texts, capsys):
    features = write_features_file(tmp_path / "toys.npz")
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    out = capsys.readouterr().out
    assert "9 classes with clips, 3 known from texts" in out
    assert "With about 3 of the classes and some performers held out: ZSL " in out
    answered = (
        r"If at most 20% of the answers may be wrong, it answers \d+% of the clips of seen classes and \d+% of the"
    )
    assert re.search(answered, out)
    assert f"Model: {tmp_path / 'model'}" in out
    model = Recognizer.load(tmp_path / "model")
    assert model.seen_classes == SEEN
    assert model.classes[-3:] == UNSEEN
    about = model.parts.about
    assert (about["data"], about["clips"], about["performers"]) == ("toys.npz", 72, (0, 1, 2, 3))
    assert about["fingerprint"] == clips_of(SEEN_IDS).fingerprint()
    assert not model.synthetic
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("about", [{}, {"weights_sha256": "0"}, {"weights_sha256": "0", "fps": 30.0}])
def test_features_of_clips_at_any_frame_rate_are_told(tmp_path, texts, capsys, about):
    features = write_features_file(tmp_path / "a.npz")
    arrays = dict(np.load(features))
    np.savez(features, **{**arrays, "provenance": np.array(json.dumps(about))})
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    told = "by a version that did not resample clips" in capsys.readouterr().err.replace("\n", " ")
    assert told == (list(about) == ["weights_sha256"])


def test_clips_in_another_layout_than_was_said_are_refused(tmp_path, texts, capsys):
    features = write_features_file(tmp_path / "a.npz")
    doubts = {"layout": {"clips": 60, "first": "a", "sentence": "They fit utd20."}}
    about = {"provenance": np.array(json.dumps({"recordings": {"doubts": doubts}}))}
    np.savez(features, **{**dict(np.load(features)), **about})
    said = refused(capsys, "fit", "--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert "60 of 72 clips are in another layout than the given one: They fit utd20." in said
    assert not (tmp_path / "model").exists()


def test_classes_are_matched_by_name_whatever_their_ids(tmp_path, texts):
    order = [LABELS[k].upper() for k in reversed(range(len(LABELS)))]
    ids = {k: len(LABELS) - 1 - k for k in range(len(LABELS))}
    features = write_features_file(tmp_path / "a.npz", names=order, label_of=ids)
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    model = Recognizer.load(tmp_path / "model")
    assert model.seen_classes == SEEN
    assert model.parts.about["fingerprint"] == clips_of(SEEN_IDS).fingerprint()


@pytest.mark.parametrize("names", [(), tuple(f"A{k:03d}" for k in range(12))])
def test_classes_are_matched_by_id_where_no_name_is_known(tmp_path, texts, names, capsys):
    features = write_features_file(tmp_path / "a.npz", names=names)
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").seen_classes == SEEN
    said = "class 0, called 'A000', has those of 'clap'" if names else ""
    assert said in capsys.readouterr().err.replace("\n", " ")


def test_names_for_some_classes_only_are_refused(tmp_path, texts, capsys):
    features = write_features_file(tmp_path / "a.npz", names=LABELS[:3])
    err = refused(capsys, "fit", "--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert "class_names should name every label up to 11, but there are 3 names" in err


def test_features_that_say_nothing_of_names(tmp_path, texts):
    features = write_features_file(tmp_path / "a.npz", names=())
    arrays = dict(np.load(features))
    np.savez(features, **{**arrays, "provenance": np.array("{}")})
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert Recognizer.load(tmp_path / "model").seen_classes == SEEN


def test_a_name_that_differs_among_others_is_no_reason_to_go_by_id(tmp_path, texts, capsys):
    features = write_features_file(tmp_path / "a.npz", names=(*reversed(LABELS[1:]), "klap"), label_of=None)
    err = refused(capsys, "fit", "--features", features, "--texts", texts, "-o", tmp_path / "model")
    assert "should be labelled 'klap', but the nearest are 'clap'" in err


def test_classes_beyond_the_texts(tmp_path, capsys):
    write_class_texts(tmp_path / "few.csv", ClassTexts(TEXTS.rows[:8]))
    features = write_features_file(tmp_path / "a.npz", names=())
    err = refused(capsys, "fit", "--features", features, "--texts", tmp_path / "few.csv", "-o", tmp_path / "model")
    assert "the 8 rows of texts should describe all classes with clips, but one has id 11" in err
    features = write_features_file(tmp_path / "b.npz", names=(), label_of=dict.fromkeys(SEEN_IDS, -1))
    err = refused(capsys, "fit", "--features", features, "--texts", tmp_path / "few.csv", "-o", tmp_path / "model")
    assert "every clip needs one, but some have none" in err


def test_classes_and_performers_are_left_out(tmp_path, texts):
    features = write_features_file(tmp_path / "a.npz", ids=range(len(LABELS)))
    given = ("--features", features, "--texts", texts, "-o", tmp_path / "model")
    fit(*given, "--unseen", "Wave", "punch", "--train-subjects", "0", "2", "--seed", "3")
    model = Recognizer.load(tmp_path / "model")
    assert set(model.classes) - model.seen_classes == {"wave", "punch"}
    assert model.parts.about["performers"] == (0, 2)
    assert model.parts.about["clips"] == 10 * 2 * 2


def test_what_leaves_no_clips_or_is_no_class(tmp_path, texts, capsys):
    given = ("fit", "--features", write_features_file(tmp_path / "a.npz"), "--texts", texts, "-o", tmp_path / "model")
    assert "--unseen and --train-subjects leave none" in refused(capsys, *given, "--train-subjects", "99")
    assert "the nearest are 'clap'" in refused(capsys, *given, "--unseen", "clasp")
    assert not (tmp_path / "model").exists()


def test_fewer_kinds_of_text(tmp_path, texts):
    features = write_features_file(tmp_path / "a.npz")
    fit("--features", features, "--texts", texts, "-o", tmp_path / "model", "--text", "lb+md")
    assert Recognizer.load(tmp_path / "model").parts.kinds == ("lb", "md")


# what is refused


def test_a_folder_in_use_is_left_alone(tmp_path, texts, capsys):
    given = ("fit", "--features", write_features_file(tmp_path / "a.npz"), "--texts", texts, "-o")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("mine")
    (tmp_path / "empty").mkdir()
    for place in ("full", "a.npz"):
        assert "should be a new or empty folder, but" in refused(capsys, *given, tmp_path / place)
    fit(*given[1:], tmp_path / "empty")
    assert "is there already" in refused(capsys, *given, tmp_path / "empty")  # now it holds a model


def test_missing_weights_and_files(tmp_path, texts, weights, capsys):
    out = ("--texts", texts, "-o", tmp_path / "model")
    features, clips = write_features_file(tmp_path / "a.npz"), write_recordings(tmp_path / "clips.npz")
    nowhere = tmp_path / "nowhere"
    for given, sentence in (
        (
            ("--data", clips),
            "recordings need a skeleton encoder: name its weights with --encoder-weights",
        ),
        (("--data", clips, "--encoder-weights", nowhere), "should hold encoder weights"),
        (("--data", nowhere, "--encoder-weights", weights), "nowhere"),
        (("--features", features, "--encoder-weights", nowhere), "should hold encoder weights"),
        (("--features", features, "--encoder-weights", weights), "its features have width 16 and these 8"),
        (("--features", nowhere), "should hold skeleton features, but there is no such file"),
        (("--features", texts), "should hold skeleton features, but it cannot be read"),
        (("--features", features, "--data", clips), "give either --data"),
        ((), "from --encoder-weights alone: give one"),
    ):
        assert sentence in refused(capsys, "fit", *given, *out)
        assert not (tmp_path / "model").exists()


def test_arguments_that_contradict_each_other(tmp_path):
    with pytest.raises(ConfigError, match="from --encoder-weights alone: give one"):
        FitConfig("synthetic", tmp_path)
    with pytest.raises(ConfigError, match="lb, ad and md"):
        FitConfig("synthetic", tmp_path, features=tmp_path, text="xx")


# a model from weights alone


def test_a_model_from_weights_alone(tmp_path, texts, weights, capsys):
    write_class_texts(tmp_path / "own.csv", ClassTexts(TEXTS[:4]))
    alone = ("--encoder-weights", weights, "--texts", texts, "-o", tmp_path / "model")
    fit(*alone, "--encoder-texts", tmp_path / "own.csv")
    out = capsys.readouterr().out
    assert "4 classes that the encoder was trained on, 8 known from texts\nNothing was tested, because" in out
    model = Recognizer.load(tmp_path / "model")
    assert model.seen_classes == set(LABELS[:4])
    assert "this model was made without clips" in (tmp_path / "model" / "README.md").read_text()


def test_what_weights_alone_need(tmp_path, texts, weights, capsys):
    alone = ("--encoder-weights", weights, "--texts", texts, "-o", tmp_path / "model")
    for given, sentence in (
        ((), "their texts are unknown: name the table of what it was trained on with --encoder-texts."),
        (("--encoder-texts", texts), "it has 4 classes and there are texts of 12"),
        (("--encoder-texts", "none"), "leave --encoder-texts none out"),
        (("--unseen", "wave"), "--unseen and --train-subjects select clips"),
    ):
        assert sentence in refused(capsys, "fit", *alone, *given)
        assert not (tmp_path / "model").exists()


# fitting on recordings


def test_fit_on_recordings(model):
    recognizer = Recognizer.load(model)
    assert recognizer.seen_classes == SEEN
    assert recognizer.parts.about["data"] == "clips.npz"
    assert recognizer.parts.about["clips"] == len(SEEN_IDS) * 4
    assert recognizer.frames == 8


def test_recordings_and_their_features_give_the_same_model(model, tmp_path, capsys):
    root = model.parent
    weights = f"{root}/encoder.safetensors"
    main(["embed", f"{root}/clips.npz", "--trim", "--weights", weights, "-o", f"{tmp_path}/f.npz"])
    given = ("--features", tmp_path / "f.npz", "--encoder-weights", weights)
    fit(*given, "--texts", root / "texts.csv", "-o", tmp_path / "model")
    one, other = Recognizer.load(model), Recognizer.load(tmp_path / "model")
    assert all(np.array_equal(a.centre, b.centre) for a, b in zip(one.known, other.known, strict=True))


def test_features_of_other_weights_are_refused(model, tmp_path, capsys):
    root = model.parent
    main(["embed", f"{root}/clips.npz", "--weights", f"{root}/encoder.safetensors", "-o", f"{tmp_path}/f.npz"])
    save_encoder(tmp_path / "other.safetensors", small_encoder(stream="bone"))
    given = ("--features", tmp_path / "f.npz", "--texts", root / "texts.csv", "-o", tmp_path / "model")
    said = refused(capsys, "fit", *given, "--encoder-weights", tmp_path / "other.safetensors")
    assert "--encoder-weights should name the encoder that made the features" in said


def test_two_streams(model, tmp_path, capsys):
    """By recordings, or by their features; without the encoder of one stream, the features are not taken."""
    root, bone = model.parent, tmp_path / "bone.safetensors"
    save_encoder(bone, small_encoder(stream="bone", body_count=2))
    joint = root / "encoder.safetensors"
    texts, both = ("--texts", root / "texts.csv"), (f"bone={bone}", joint)
    fit("--data", root / "clips.npz", "--encoder-weights", *both, *texts, "-o", tmp_path / "model")
    main(["embed", f"{root}/clips.npz", "--trim", "--weights", str(joint), str(bone), "-o", f"{tmp_path}/f.npz"])
    features = ("--features", tmp_path / "f.npz", *texts)
    fit(*features, "--encoder-weights", *both, "-o", tmp_path / "again")
    one, other = Recognizer.load(tmp_path / "model"), Recognizer.load(tmp_path / "again")
    assert one.encoder.streams == other.encoder.streams == ("joint", "bone")
    assert all(np.array_equal(a.centre, b.centre) for a, b in zip(one.known, other.known, strict=True))
    assert len(one.known[0].centre) == 2 * (16 + 16)  # each stream, and its square roots
    said = refused(capsys, "fit", *features, "--encoder-weights", joint, "-o", tmp_path / "none")
    assert "--encoder-weights should name the encoder that made the features" in said
    fit(*features, "-o", tmp_path / "features alone")
    assert not Recognizer.load(tmp_path / "features alone").has_encoder


def test_weights_of_another_stream_are_told_before_anything_is_encoded(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("gzssar.encoders.streams.odd_streams", lambda encoder: [f"{encoder.streams} are odd."])
    root = model.parent
    given = ("--data", root / "clips.npz", "--texts", root / "texts.csv", "-o", tmp_path / "model")
    killed_fit(*given, "--encoder-weights", root / "encoder.safetensors")
    assert capsys.readouterr().err.startswith("gzssar: ('joint',) are odd.")


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
    assert "; without 7 malformed clips)" in Recognizer.load(tmp_path / "model").card


def test_clips_can_be_brought_to_another_length(model, clip, tmp_path, capsys):
    """The recognizer reads what its features were made of."""
    root, weights = model.parent, ("--encoder-weights", model.parent / "encoder.safetensors")
    given = ("--texts", root / "texts.csv", *weights, "-o")
    fit("--data", root / "clips.npz", "--frames", "5", *given, tmp_path / "model")
    main(
        [
            "embed",
            f"{root}/clips.npz",
            "--trim",
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
    assert "frames must be positive, but it is 0." in refused(
        capsys, "fit", "--data", "x", "--frames", "0", *given, tmp_path / "none"
    )
    assert "--frames needs --data" in refused(
        capsys, "fit", "--features", "x", "--frames", "9", *given, tmp_path / "none"
    )


def test_a_killed_fit_goes_on_from_its_features(tmp_path, texts, weights, monkeypatch):
    clips = write_recordings(tmp_path / "clips.npz")
    given = ("--data", clips, "--encoder-weights", weights, "--texts", texts, "-o", tmp_path / "model")
    done, embed_clips = [], gzssar.features.embedding.embed_clips

    def counted(job, *rest):
        done.append(job.clips.name)
        return embed_clips(job, *rest)

    monkeypatch.setattr(gzssar.features.embedding, "embed_clips", counted)
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


# what the encoder's own classifier knows


def write_own_texts(path):
    """Of the four classes of the small encoder."""
    write_class_texts(path, ClassTexts(tuple(TEXTS[k] for k in range(4))))
    return path


def test_texts_of_the_encoder_s_classes_take_part_and_are_told(tmp_path, texts, capsys):
    recordings, weights = write_recordings(tmp_path / "clips.npz"), tmp_path / "encoder.safetensors"
    save_encoder(weights, small_encoder())
    told = ("--data", recordings, "--texts", texts, "--encoder-weights", weights)
    own = write_own_texts(tmp_path / "own.csv")
    fit(*told, "--encoder-texts", own, "-o", tmp_path / "knowing")
    out = capsys.readouterr().out
    assert re.search(
        r"the encoder's own 4 classes, from 'clap' to 'kick'; \d of the classes known from their texts", out
    )
    assert Recognizer.load(tmp_path / "knowing").parts.encoder_texts.labels == LABELS[:4]
    fit(*told, "-o", tmp_path / "alone")  # our own weights say nothing of texts
    assert "the encoder's own" not in capsys.readouterr().out
    assert Recognizer.load(tmp_path / "alone").parts.encoder_texts is None


def test_texts_of_an_encoder_without_the_encoder_are_refused():
    with pytest.raises(ConfigError, match="--encoder-texts needs --encoder-weights: it describes"):
        FitConfig("utd_mhad", Path("model"), features=Path("f.npz"), encoder_texts="ntu120")
    FitConfig("utd_mhad", Path("model"), features=Path("f.npz"), encoder_texts="none")


def test_a_wrong_table_of_the_encoder_s_classes_is_told_before_anything_is_encoded(tmp_path, texts, monkeypatch):
    monkeypatch.setattr("gzssar.commands.fit._embedded", lambda *_: pytest.fail("it encodes"))
    recordings, weights = write_recordings(tmp_path / "clips.npz"), tmp_path / "encoder.safetensors"
    save_encoder(weights, small_encoder())
    told = ("--data", recordings, "--texts", texts, "--encoder-weights", weights, "-o", tmp_path / "model")
    with pytest.raises(SystemExit) as exit:
        fit(*told, "--encoder-texts", tmp_path / "absent.csv")
    assert exit.value.code == 2
