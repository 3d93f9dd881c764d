"""`gzssar embed` and `gzssar train-encoder`: from raw clips to SynSE folders."""

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.commands.embed import EmbedConfig, embed
from gzssar.encoders.encoder import NEVER_TRAINED, load_encoder, save_encoder
from gzssar.errors import ConfigError, DataError, OutputError
from gzssar.features.class_cut import ZeroShot
from gzssar.features.files import load_features
from gzssar.features.synse import read_synse
from gzssar.synthetic.world import SyntheticWorld
from small_clips import CLASSES, an_encoder, encoded, write_clips


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("clips") / "clips.npz")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "encoder.safetensors"
    save_encoder(path, an_encoder())
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "features are written to one file"),
        (["-o", "out.csv"], "features are written as .npz or .safetensors"),
        (["--synse", "DIR"], "SynSE folders need a class split"),
        (["-o", "out.npz", "--unseen-count", "2"], "need --synse DIR"),
        (["--synse", "DIR", "--unseen-count", "2", "--unseen", "1", "--validation-unseen", "2"], "give one of them"),
        (["--synse", "DIR", "--unseen", "1"], "go together"),
    ],
)
def test_arguments_that_contradict_each_other(tmp_path, clips, weights, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["embed", str(clips), "--weights", str(weights), *options])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


# SynSE folders


def test_synse_folders_are_read_again(tmp_path, clips, weights):
    zero_shot = ZeroShot(unseen=(1, 3), validation_unseen=(0, 6))
    embed(EmbedConfig(clips, (str(weights),), synse=tmp_path / "synse", zero_shot=zero_shot))
    benchmark = read_synse(tmp_path / "synse")
    assert benchmark.split.unseen == (1, 3)
    assert benchmark.split.validation_unseen == (0, 6)
    assert benchmark.test.seen == (0, 2, 4, 5, 6, 7)
    assert len(benchmark.test.train) == 6 * 6  # six seen classes, six clips each by performers 1, 3 and 5
    assert len(benchmark.test.test) == 8 * 6
    assert len(benchmark.validation.train) == 4 * 4  # performer 5 is held out
    assert len(benchmark.validation.test) == 2 * 6 + 4 * 2
    seen = benchmark.test.test.of(benchmark.test.seen)
    assert (seen.logits[:, [1, 3]] == NEVER_TRAINED).all()
    assert not list(tmp_path.glob(".*"))


def test_a_drawn_split_is_its_seeds(tmp_path, clips, weights):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        zero_shot = ZeroShot(unseen_count=2, split_seed=seed)
        embed(EmbedConfig(clips, (str(weights),), synse=tmp_path / name, zero_shot=zero_shot))
    a, b, c = (read_synse(tmp_path / name).split for name in "abc")
    assert a.unseen == b.unseen
    assert (a.unseen, a.validation_unseen) != (c.unseen, c.validation_unseen)


def test_streams_go_into_one_file_and_into_synse_folders(tmp_path, clips, weights):
    save_encoder(tmp_path / "bone", an_encoder(stream="bone"))
    given = ["--weights", f"joint={weights}", f"bone={tmp_path / 'bone'}"]
    main(["embed", str(clips), *given, "-o", str(tmp_path / "out.npz")])
    features = load_features(tmp_path / "out.npz")
    assert (features.streams, features.features.shape) == (("joint", "bone"), (96, 16))
    main(["embed", str(clips), *given, "--synse", str(tmp_path / "synse"), "--unseen-count", "2"])
    benchmark = read_synse(tmp_path / "synse")
    assert benchmark.test.train.streams == benchmark.validation.test.streams == ("joint", "bone")
    assert benchmark.test.train.features.shape[1] == 16


def test_streams_that_contradict_are_refused(tmp_path, clips, weights, capsys):
    for given, message in (
        ([f"bone={weights}"], "holds an encoder of the stream 'joint', but the command names 'bone'"),
        ([str(weights), str(weights)], "the stream 'joint' is given twice"),
        ([f"joint={weights}", f"joint={weights}"], "the stream 'joint' is named twice"),
        ([f"bones={weights.name}"], "STREAM=FILE"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["embed", str(clips), "--weights", *given, "-o", str(tmp_path / "out.npz")])
        assert stop.value.code == 2
        assert message in " ".join(capsys.readouterr().err.split())
        assert not any(tmp_path.iterdir())


def test_a_class_that_one_of_the_streams_saw_is_refused(tmp_path, clips):
    """Every stream's encoder is looked at, not the first alone."""
    about = {"class_names": list(SyntheticWorld().labels[:CLASSES])}
    save_encoder(tmp_path / "joint", an_encoder(provenance={**about, "performers": [1, 3]}))
    save_encoder(tmp_path / "bone", an_encoder(stream="bone", provenance={**about, "performers": [1, 2]}))
    zero_shot = ZeroShot(unseen=(1, 3), validation_unseen=(4, 6))
    with pytest.raises(DataError, match=r"only its training performers, but it saw \[2\]"):
        embed(
            EmbedConfig(
                clips, (str(tmp_path / "joint"), str(tmp_path / "bone")), synse=tmp_path / "out", zero_shot=zero_shot
            )
        )


def test_weights_of_another_stream_are_told(tmp_path, clips, capsys, shared_data):
    """The authors' bone weights, taken for joint ones; nothing is refused."""
    bone, motion = (shared_data / "shiftgcn" / f"ntu120_xset_{name}.pt" for name in ("bone", "bone-motion"))
    few = ["--frames", "2"]
    main(["embed", str(clips), "--weights", str(bone), f"bone motion={motion}", "-o", str(tmp_path / "out.npz"), *few])
    said = capsys.readouterr().err
    assert said.startswith(f"gzssar: {bone} is taken for weights of the stream 'joint', but was trained on 'bone'")
    assert said.count("gzssar:") == 1
    assert load_features(tmp_path / "out.npz").streams == ("joint", "bone motion")


def test_a_folder_that_holds_something_is_kept(tmp_path, clips, weights):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutputError, match="new or empty folder"):
        embed(EmbedConfig(clips, (str(weights),), synse=tmp_path, zero_shot=ZeroShot(unseen_count=2)))


def test_what_another_command_left_is_encoded_anew(tmp_path, clips, weights):
    """A command that fails after encoding leaves its features; they are not taken for those of other weights."""
    other = tmp_path / "other.safetensors"
    save_encoder(other, an_encoder(stream="bone"))
    with pytest.raises(DataError):
        embed(EmbedConfig(clips, (str(weights),), synse=tmp_path / "a", zero_shot=ZeroShot(unseen_count=4)))
    embed(EmbedConfig(clips, (str(other),), synse=tmp_path / "a", zero_shot=ZeroShot(unseen_count=2)))
    embed(EmbedConfig(clips, (str(other),), synse=tmp_path / "b", zero_shot=ZeroShot(unseen_count=2)))
    a, b = (read_synse(tmp_path / name).test.test.features for name in "ab")
    assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({}, r"the encoder of the test phase should know only its seen classes, but it was trained on \[5\]"),
        ({"performers": [1, 2, 3]}, "seen only its training performers, but it saw .2."),
    ],
)
def test_an_encoder_that_saw_too_much_is_refused(tmp_path, clips, about, message):
    names = {"class_names": list(SyntheticWorld().labels[:CLASSES])}
    save_encoder(tmp_path / "encoder.safetensors", an_encoder(provenance={**names, **about}))
    unseen = (1, 3) if about else (1, 5)
    zero_shot = ZeroShot(unseen=unseen, validation_unseen=(4, 6))
    with pytest.raises(DataError, match=message):
        embed(EmbedConfig(clips, (str(tmp_path / "encoder.safetensors"),), synse=tmp_path / "out", zero_shot=zero_shot))


def test_too_few_classes_to_draw_from(tmp_path, clips, weights):
    with pytest.raises(DataError, match="should leave seen ones, but there are 8 classes"):
        embed(EmbedConfig(clips, (str(weights),), synse=tmp_path / "out", zero_shot=ZeroShot(unseen_count=4)))


def test_ways_to_a_split_exclude_each_other():
    with pytest.raises(ConfigError, match="give one of them"):
        ZeroShot(unseen_count=3, split="ntu60-55-5")


# training an encoder


def test_an_encoder_is_trained_on_seen_clips_and_encodes_both_phases(tmp_path, clips, monkeypatch):
    """From raw clips to a benchmark by the commands; no clip of an unseen class or test performer reaches training."""
    import gzssar.encoders.training.fit as training

    reached, fit = [], training.fit_encoder

    def spy(given, labels, classes, *rest, **options):
        reached.append((len(given), set(labels.tolist()), classes))
        return fit(given, labels, classes, *rest, **options)

    monkeypatch.setattr(training, "fit_encoder", spy)
    split = ["--unseen", "1", "3", "--validation-unseen", "0", "6"]
    quick = ["--width", "2", "--frames", "10", "--epochs", "1", "--batch-size", "8", "--body-count", "1"]
    for phase in ("test", "validation"):
        out = ["-o", str(tmp_path / f"{phase}.safetensors"), "--phase", phase]
        main(["train-encoder", str(clips), *out, *split, *quick])
    assert reached == [(36, {0, 2, 4, 5, 6, 7}, (0, 2, 4, 5, 6, 7)), (16, {2, 4, 5, 7}, (2, 4, 5, 7))]
    weights = ["--weights", str(tmp_path / "test.safetensors")]
    weights += ["--validation-weights", str(tmp_path / "validation.safetensors")]
    main(["embed", str(clips), *weights, "--synse", str(tmp_path / "synse"), *split])
    benchmark = read_synse(tmp_path / "synse")
    encoder = load_encoder(tmp_path / "test.safetensors")
    said = encoded(encoder, clips, lambda clip: clip.subject % 2 == 0)
    np.testing.assert_allclose(benchmark.test.test.logits[:, encoder.classes], said.logits, rtol=1e-3, atol=1e-4)
    assert (benchmark.validation.test.logits[:, [0, 1, 3, 6]] == NEVER_TRAINED).all()


def test_an_encoder_that_is_there_is_kept(tmp_path, clips, weights, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train-encoder", str(clips), "-o", str(weights), "--unseen-count", "2"])
    assert stop.value.code == 2
    assert "is there already" in capsys.readouterr().err
