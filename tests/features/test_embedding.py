"""Encoding recordings into files, end to end on small synthetic clips."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from gzssar.cli import main
from gzssar.commands.embed import embed
from gzssar.commands.options import EmbedConfig, Reading, ZeroShot
from gzssar.encoders.encoder import NEVER_TRAINED, Encoder, load_encoder, save_encoder
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.errors import ConfigError, DataError, MissingExtraError, OutputError
from gzssar.features.embedding import encode_batch
from gzssar.features.features import load_features
from gzssar.features.synse import read_synse
from gzssar.skeletons.readers import open_clips, read_clips
from gzssar.synthetic.world import SyntheticWorld

CLASSES = 8


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Eight actions by six performers, as a uniform archive."""
    world = SyntheticWorld(clips_per_class=12, frames=10, subject_count=6)
    drawn = world.clips()
    kept = drawn.labels < CLASSES
    joints = drawn.joints[kept, ..., 0].transpose(0, 2, 3, 1)
    path = tmp_path_factory.mktemp("clips") / "clips.npz"
    from gzssar.skeletons.layout import NTU25

    np.savez(
        path,
        joints=joints.reshape(-1, 25, 3),
        offsets=np.arange(0, joints.shape[0] * 10 + 1, 10),
        label=drawn.labels[kept],
        subject=drawn.subjects[kept] + 1,
        class_names=np.array(world.labels[:CLASSES]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(20),
    )
    return path


def an_encoder(classes=(0, 2, 5), **change):
    torch.manual_seed(0)
    return Encoder(ShiftGcn(len(classes), width=2).eval().requires_grad_(False), classes, 16, **change)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "encoder.safetensors"
    save_encoder(path, an_encoder())
    return path


# encoders on disk


def test_an_encoder_survives_its_file(tmp_path, clips):
    encoder = an_encoder(stream="bone", provenance={"data": "toy"})
    save_encoder(tmp_path / "encoder", encoder)
    again = load_encoder(tmp_path / "encoder")
    assert (again.classes, again.frames, again.stream, again.provenance) == ((0, 2, 5), 16, "bone", {"data": "toy"})
    some = list(read_clips(open_clips(clips)))[:3]
    assert np.array_equal(encode_batch(again, some).feature, encode_batch(encoder, some).feature)


def test_a_damaged_encoder_is_refused(tmp_path, weights):
    (tmp_path / "cut").write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(DataError, match="should hold encoder weights, but it cannot be read"):
        load_encoder(tmp_path / "cut")


def test_columns_of_classes_never_trained_are_very_low():
    encoded = an_encoder().encode(np.random.default_rng(0).normal(size=(2, 3, 16, 25, 2)).astype(np.float32), 7)
    assert (encoded.logits[:, [1, 3, 4, 6]] == NEVER_TRAINED).all()
    assert (encoded.logits[:, [0, 2, 5]] > NEVER_TRAINED).all()


# files of features


def test_the_npz_holds_what_the_encoder_says_clip_by_clip(tmp_path, clips, weights):
    done = embed(EmbedConfig(clips, weights, out=tmp_path / "out.npz", batch_size=5, shard_size=7))
    assert (done.clip_count, done.bad) == (96, {})
    one_by_one = encode_batch(load_encoder(weights), list(read_clips(open_clips(clips))))
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        for name, array in one_by_one._asdict().items():
            if array.dtype.kind == "f":
                np.testing.assert_allclose(file[name], array, rtol=1e-4, atol=1e-5)
            else:
                assert np.array_equal(file[name], array)
        assert file["class_names"].tolist() == list(SyntheticWorld().labels[:CLASSES])
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]


def test_the_safetensors_are_a_feature_set(tmp_path, clips, weights):
    for suffix in ("npz", "safetensors"):
        embed(EmbedConfig(clips, weights, out=tmp_path / f"out.{suffix}"))
    features = load_features(tmp_path / "out.safetensors")
    with np.load(tmp_path / "out.npz") as file:
        assert np.array_equal(features.features, file["feature"])
        assert np.array_equal(features.labels, file["label"])
        assert np.array_equal(features.subjects, file["subject"])
    assert json.loads(features.provenance["encoder_classes"]) == [0, 2, 5]


def test_a_kill_loses_one_shard(tmp_path, clips, weights):
    """The process is killed outright; the same command goes on."""
    out = tmp_path / "out.npz"
    command = [sys.executable, "-m", "gzssar", "embed", clips, "--weights", weights, "-o", out, "--shard-size", "8"]
    shards = tmp_path / "out.npz.shards"
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while process.poll() is None and not (shards / "000002.npz").exists():
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    if not out.exists():  # it may have been quicker than the kill
        before = {path.name: path.stat().st_mtime_ns for path in shards.glob("0*.npz")}
        assert len(before) >= 3
    subprocess.run(list(map(str, command)), check=not out.exists(), capture_output=True)
    with np.load(out) as file:
        assert len(file["label"]) == 96


def test_finished_shards_are_not_encoded_again(tmp_path, clips, weights, monkeypatch):
    config = EmbedConfig(clips, weights, out=tmp_path / "out.npz", shard_size=40)
    told = []

    def stop(what, done, total):
        told.append((done, total))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(config, stop)
    embed(config, lambda what, done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (1, 1)]


def test_ranks_share_the_shards(tmp_path, clips, weights, monkeypatch):
    config = EmbedConfig(clips, weights, out=tmp_path / "out.npz", shard_size=16)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    embed(config)
    shards = sorted(path.name for path in (tmp_path / "out.npz.shards").glob("0*"))
    assert shards == ["000001.npz", "000003.npz", "000005.npz"]
    monkeypatch.setenv("RANK", "0")
    assert embed(config).clip_count == 96


def test_shards_of_another_job_are_refused(tmp_path, clips, weights):
    other = tmp_path / "other"
    save_encoder(other, an_encoder(stream="bone"))
    begin(tmp_path, clips, weights)
    with pytest.raises(OutputError, match="holds shards of another job, which differs in weights: delete"):
        embed(EmbedConfig(clips, other, out=tmp_path / "out.npz", shard_size=40))
    with pytest.raises(OutputError, match="differs in reading: delete"):
        embed(EmbedConfig(clips, weights, out=tmp_path / "out.npz", shard_size=40, reading=Reading(fill_gaps=True)))


def begin(folder, clips, weights):
    def stop(what, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(EmbedConfig(clips, weights, out=folder / "out.npz", shard_size=40), stop)
    assert [path.name for path in (folder / "out.npz.shards").glob("0*")] == ["000000.npz"]


def test_a_device_that_is_not_there(tmp_path, clips, weights):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ConfigError, match="the device should be cuda, but PyTorch finds no such device"):
        embed(EmbedConfig(clips, weights, out=tmp_path / "out.npz", device="cuda"))


def test_an_output_that_is_there_is_kept(tmp_path, clips, weights):
    (tmp_path / "out.npz").write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        embed(EmbedConfig(clips, weights, out=tmp_path / "out.npz"))
    assert (tmp_path / "out.npz").read_text() == "mine"


def test_bad_clips_stop_or_are_counted(tmp_path, clips, weights):
    with np.load(clips) as file:
        arrays = {name: file[name] for name in file}
    arrays["joints"] = arrays["joints"].copy()
    arrays["joints"][15] = np.nan
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=r"bad\.npz\[1\]"):
        embed(EmbedConfig(tmp_path / "bad.npz", weights, out=tmp_path / "out.npz"))
    reading = Reading(skip_bad=True)
    done = embed(EmbedConfig(tmp_path / "bad.npz", weights, out=tmp_path / "skipped.npz", reading=reading))
    assert done.clip_count == 95
    assert list(done.bad) == ["bad.npz[1]"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "features go into one file"),
        (["-o", "out.csv"], "features are written as .npz or .safetensors"),
        (["--synse", "DIR"], "SynSE folders are cut by a class split"),
        (["-o", "out.npz", "--unseen-count", "2"], "go with --synse DIR"),
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
    embed(EmbedConfig(clips, weights, synse=tmp_path / "synse", zero_shot=zero_shot))
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
        embed(EmbedConfig(clips, weights, synse=tmp_path / name, zero_shot=zero_shot))
    a, b, c = (read_synse(tmp_path / name).split for name in "abc")
    assert a.unseen == b.unseen
    assert (a.unseen, a.validation_unseen) != (c.unseen, c.validation_unseen)


def test_a_folder_that_holds_something_is_kept(tmp_path, clips, weights):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutputError, match="new or empty folder"):
        embed(EmbedConfig(clips, weights, synse=tmp_path, zero_shot=ZeroShot(unseen_count=2)))


def test_what_another_command_left_is_encoded_anew(tmp_path, clips, weights):
    """A command that fails after encoding leaves its features; they are not taken for those of other weights."""
    other = tmp_path / "other.safetensors"
    save_encoder(other, an_encoder(stream="bone"))
    with pytest.raises(DataError):
        embed(EmbedConfig(clips, weights, synse=tmp_path / "a", zero_shot=ZeroShot(unseen_count=4)))
    embed(EmbedConfig(clips, other, synse=tmp_path / "a", zero_shot=ZeroShot(unseen_count=2)))
    embed(EmbedConfig(clips, other, synse=tmp_path / "b", zero_shot=ZeroShot(unseen_count=2)))
    a, b = (read_synse(tmp_path / name).test.test.features for name in "ab")
    assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({}, r"the encoder of the test phase should know its seen classes alone, but it was trained on \[5\]"),
        ({"performers": "1 2 3"}, "saw its training performers alone|its training performers alone, but it saw .2."),
    ],
)
def test_an_encoder_that_saw_too_much_is_refused(tmp_path, clips, about, message):
    names = {"class_names": "\n".join(SyntheticWorld().labels[:CLASSES])}
    save_encoder(tmp_path / "encoder.safetensors", an_encoder(provenance={**names, **about}))
    unseen = (1, 3) if about else (1, 5)
    zero_shot = ZeroShot(unseen=unseen, validation_unseen=(4, 6))
    with pytest.raises(DataError, match=message):
        embed(EmbedConfig(clips, tmp_path / "encoder.safetensors", synse=tmp_path / "out", zero_shot=zero_shot))


def test_too_few_classes_to_draw_from(tmp_path, clips, weights):
    with pytest.raises(DataError, match="should leave seen ones, but there are 8 classes"):
        embed(EmbedConfig(clips, weights, synse=tmp_path / "out", zero_shot=ZeroShot(unseen_count=4)))


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
    said = encode_batch(encoder, [clip for clip in read_clips(open_clips(clips)) if clip.subject % 2 == 0])
    np.testing.assert_allclose(benchmark.test.test.logits[:, encoder.classes], said.logits, rtol=1e-3, atol=1e-4)
    assert (benchmark.validation.test.logits[:, [0, 1, 3, 6]] == NEVER_TRAINED).all()


def test_an_encoder_that_is_there_is_kept(tmp_path, clips, weights, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train-encoder", str(clips), "-o", str(weights), "--unseen-count", "2"])
    assert stop.value.code == 2
    assert "is there already" in capsys.readouterr().err


def test_ray_encodes_the_same(tmp_path, clips, weights):
    """Ray Data on one machine: two actors share the shards."""
    pytest.importorskip("ray", reason="Ray Data is not installed: the extra ray")
    for engine in ("loop", "ray"):
        embed(EmbedConfig(clips, weights, out=tmp_path / f"{engine}.npz", engine=engine, shard_size=24))
    with np.load(tmp_path / "loop.npz") as loop, np.load(tmp_path / "ray.npz") as ray:
        assert np.array_equal(loop["name"], ray["name"])
        np.testing.assert_allclose(loop["feature"], ray["feature"], rtol=1e-5, atol=1e-6)


def test_ray_is_an_extra(tmp_path, clips, weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "gzssar\[ray\]"'):
        embed(EmbedConfig(clips, weights, out=tmp_path / "out.npz", engine="ray"))
