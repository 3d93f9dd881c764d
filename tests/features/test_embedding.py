"""Encoding recordings into files, on small synthetic clips."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from gzssar.cli import main
from gzssar.encoders.encoder import NEVER_TRAINED, load_encoder, save_encoder
from gzssar.encoders.network import Architecture
from gzssar.encoders.registry import NETWORKS
from gzssar.encoders.weights import StreamWeights
from gzssar.errors import ConfigError, DataError, MissingExtraError, OutputError
from gzssar.features.embedding import EmbedJob, ShardWorker, embed_clips, embed_once
from gzssar.features.files import load_features
from gzssar.skeletons.readers import ReadOptions, open_clips, read_clips
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


def a_job(clips, weights, out, **options):
    return EmbedJob(clips, (StreamWeights(weights),), out, **options)


# encoders on disk


def test_an_encoder_brings_clips_to_its_rate(tmp_path):
    save_encoder(tmp_path / "encoder", an_encoder(fps=20.0))
    encoder = load_encoder(tmp_path / "encoder")
    assert encoder.fps == 20.0
    clip = SyntheticWorld(clips_per_class=1, frames=20).clips().sequence(0)
    assert clip.fps == 20.0
    twice = replace(clip, joints=np.repeat(clip.joints, 2, axis=1)[:, :-1], fps=40.0)
    np.testing.assert_allclose(encoder.prepare(twice), encoder.prepare(clip), atol=1e-6)
    every_other = replace(clip, joints=clip.joints[:, ::2])
    np.testing.assert_allclose(replace(encoder, fps=10.0).prepare(clip), encoder.prepare(every_other), atol=1e-6)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_is_positive(fps):
    with pytest.raises(DataError, match="at a positive frame rate"):
        an_encoder(fps=fps)


def test_an_encoder_survives_its_file(tmp_path, clips):
    encoder = an_encoder(stream="bone", provenance={"data": "toy"})
    save_encoder(tmp_path / "encoder", encoder)
    again = load_encoder(tmp_path / "encoder")
    assert (again.classes, again.frames, again.stream, again.provenance) == ((0, 2, 5), 16, "bone", {"data": "toy"})
    assert np.array_equal(encoded(again, clips).features, encoded(encoder, clips).features)


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
    done = embed_clips(a_job(clips, weights, out=tmp_path / "out.npz", batch_size=5, shard_size=7))
    assert (done.clip_count, done.bad) == (96, {})
    at_once, columns = encoded(load_encoder(weights), clips), ("features", "labels", "logits", "subjects", "names")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        for name, array in zip(("feature", "label", "logits", "subject", "name"), columns, strict=True):
            if (expected := getattr(at_once, array)).dtype.kind == "f":
                np.testing.assert_allclose(file[name], expected, rtol=1e-4, atol=1e-5)
            else:
                assert np.array_equal(file[name], expected)
        assert file["class_names"].tolist() == list(SyntheticWorld().labels[:CLASSES])
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]


def test_the_safetensors_are_a_feature_set(tmp_path, clips, weights):
    for suffix in ("npz", "safetensors"):
        embed_clips(a_job(clips, weights, out=tmp_path / f"out.{suffix}"))
    features = load_features(tmp_path / "out.safetensors")
    with np.load(tmp_path / "out.npz") as file:
        assert np.array_equal(features.features, file["feature"])
        assert np.array_equal(features.labels, file["label"])
        assert np.array_equal(features.subjects, file["subject"])
    other = load_features(tmp_path / "out.npz")
    for name in ("features", "labels", "logits", "subjects"):
        assert np.array_equal(getattr(features, name), getattr(other, name))
    assert features.provenance == other.provenance
    assert features.provenance["encoder_classes"] == [0, 2, 5]


def test_streams_stand_side_by_side(tmp_path, clips, weights):
    """In the order of the streams, whatever order they are named in."""
    save_encoder(tmp_path / "bone", an_encoder(stream="bone"))
    joint, bone = StreamWeights(weights), StreamWeights(tmp_path / "bone", "bone")
    for name, given in (("joint", [joint]), ("bone", [bone]), ("both", [bone, joint]), ("again", [joint, bone])):
        embed_clips(EmbedJob(clips, tuple(given), tmp_path / f"{name}.npz", shard_size=50))
    one, other, both, again = (load_features(tmp_path / f"{name}.npz") for name in ("joint", "bone", "both", "again"))
    assert np.array_equal(both.features, np.concatenate([one.features, other.features], axis=1))
    assert np.array_equal(both.features, again.features)
    np.testing.assert_allclose(both.logits, (one.logits + other.logits) / 2, rtol=1e-6)
    assert (one.streams, other.streams, both.streams) == (("joint",), ("bone",), ("joint", "bone"))
    hashes = [features.provenance["weights_sha256"] for features in (one, other)]
    assert both.provenance["weights_sha256"] == hashes
    assert both.provenance["streams"] == ["joint", "bone"]
    assert one.provenance["stream"] == "joint"
    with np.load(tmp_path / "both.npz") as file:
        assert file["streams"].tolist() == ["joint", "bone"]
    with np.load(tmp_path / "joint.npz") as file:
        assert "streams" not in file.files


def test_one_file_named_for_two_streams_is_two_jobs(tmp_path, clips, monkeypatch):
    """Authors' weights do not say their stream, so that the file alone does not tell the job."""
    network = an_encoder().network
    monkeypatch.setitem(NETWORKS, "shift-gcn", Architecture(type(network), load_original=lambda path: network))
    (tmp_path / "a.pt").write_bytes(b"weights of their authors")
    jobs = [EmbedJob(clips, (StreamWeights(tmp_path / "a.pt", s),), tmp_path / "out.npz") for s in (None, "bone")]
    first, second = (ShardWorker(job).fingerprint() for job in jobs)
    assert first != second


def test_a_kill_loses_one_shard(tmp_path, clips, weights):
    """The process is killed outright; the same command goes on."""
    out = tmp_path / "out.npz"
    command = list(map(str, ["embed", clips, "--weights", weights, "-o", out, "--shard-size", "8"]))
    shards = tmp_path / "out.npz.shards"
    process = subprocess.Popen(
        [sys.executable, "-m", "gzssar", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while process.poll() is None and not list(shards.glob("*/000002.npz")):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    if not out.exists():  # it may have been quicker than the kill
        before = {path.name: path.stat().st_mtime_ns for path in shards.glob("*/0*.npz")}
        assert len(before) >= 3
        main(command)
    with np.load(out) as file:
        assert len(file["label"]) == 96


def test_finished_shards_are_not_encoded_again(tmp_path, clips, weights, monkeypatch):
    job = a_job(clips, weights, out=tmp_path / "out.npz", shard_size=40)
    told = []

    def stop(done, total):
        told.append((done, total))
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_clips(job, progress=stop)
    embed_clips(job, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (1, 1)]


def test_ranks_share_the_shards(tmp_path, clips, weights, monkeypatch):
    job = a_job(clips, weights, out=tmp_path / "out.npz", shard_size=16)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    embed_clips(job)
    shards = sorted(path.name for path in (tmp_path / "out.npz.shards").glob("*/0*"))
    assert shards == ["000001.npz", "000003.npz", "000005.npz"]
    monkeypatch.setenv("RANK", "0")
    assert embed_clips(job).clip_count == 96


def test_shards_of_another_job_are_not_taken(tmp_path, clips, weights):
    other = tmp_path / "other"
    save_encoder(other, an_encoder(stream="bone"))
    begin(tmp_path, clips, weights)
    done = []
    embed_clips(
        a_job(clips, other, out=tmp_path / "out.npz", shard_size=40), progress=lambda *shards: done.append(shards)
    )
    assert done == [(1, 3), (2, 3), (3, 3)]
    embed_clips(a_job(clips, other, out=tmp_path / "alone.npz", shard_size=40))
    one, alone = (load_features(tmp_path / f"{name}.npz").features for name in ("out", "alone"))
    assert np.array_equal(one, alone)
    assert not (tmp_path / "out.npz.shards").exists()


def test_mending_what_was_refused_goes_on(tmp_path, clips, weights):
    (tmp_path / "clips").mkdir()
    for number, clip in enumerate(read_clips(open_clips(clips))):
        if number < 3:
            np.save(tmp_path / f"clips/{number}.npy", clip.joints[..., 0].transpose(1, 2, 0))
    np.save(tmp_path / "clips/bad.npy", np.full((9, 25, 3), np.nan))
    job = a_job(tmp_path / "clips", weights, out=tmp_path / "out.npz", options=ReadOptions("ntu25"), shard_size=1)
    with pytest.raises(DataError, match=r"bad\.npy"):
        embed_clips(job)
    (tmp_path / "clips/bad.npy").unlink()
    assert embed_clips(job).clip_count == 3
    assert {path.name for path in tmp_path.iterdir()} == {"clips", "out.npz"}


def begin(folder, clips, weights):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_clips(a_job(clips, weights, out=folder / "out.npz", shard_size=40), progress=stop)
    assert [path.name for path in (folder / "out.npz.shards").glob("*/0*")] == ["000000.npz"]


def test_a_device_that_is_not_there(tmp_path, clips, weights):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ConfigError, match="the device should be cuda, but PyTorch finds no such device"):
        embed_clips(a_job(clips, weights, out=tmp_path / "out.npz", device="cuda"))


def test_an_output_that_is_there_is_kept(tmp_path, clips, weights):
    (tmp_path / "out.npz").write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        embed_clips(a_job(clips, weights, out=tmp_path / "out.npz"))
    assert (tmp_path / "out.npz").read_text() == "mine"


def test_bad_clips_stop_or_are_counted(tmp_path, clips, weights):
    with np.load(clips) as file:
        arrays = {name: file[name] for name in file}
    arrays["joints"] = arrays["joints"].copy()
    arrays["joints"][15] = np.nan
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=r"bad\.npz\[1\]"):
        embed_clips(a_job(tmp_path / "bad.npz", weights, out=tmp_path / "out.npz"))
    done = embed_clips(a_job(tmp_path / "bad.npz", weights, out=tmp_path / "skipped.npz", skip_bad=True))
    assert done.clip_count == 95
    assert list(done.bad) == ["bad.npz[1]"]


def test_ray_encodes_the_same(tmp_path, clips, weights):
    """Ray Data on one machine: two actors share the shards."""
    ray = pytest.importorskip("ray", reason="Ray Data is not installed: the extra ray")
    ray.init(num_cpus=2, include_dashboard=False)
    for engine in ("loop", "ray"):
        embed_clips(a_job(clips, weights, out=tmp_path / f"{engine}.npz", shard_size=24), engine)
    with np.load(tmp_path / "loop.npz") as loop, np.load(tmp_path / "ray.npz") as ray:
        assert np.array_equal(loop["name"], ray["name"])
        np.testing.assert_allclose(loop["feature"], ray["feature"], rtol=1e-5, atol=1e-6)


def test_ray_is_an_extra(tmp_path, clips, weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "gzssar\[ray\]"'):
        embed_clips(a_job(clips, weights, out=tmp_path / "out.npz"), "ray")


def test_features_of_a_killed_call_are_taken_where_they_fit(tmp_path, clips, weights):
    """Clips that were left out then must not be left out unasked now."""
    with np.load(clips) as file:
        arrays = {name: file[name] for name in file}
    arrays["joints"] = arrays["joints"].copy()
    arrays["joints"][15] = np.nan
    np.savez(tmp_path / "bad.npz", **arrays)
    lenient = a_job(tmp_path / "bad.npz", weights, tmp_path / "out.npz", skip_bad=True)
    assert embed_once(lenient).clip_count == 95
    before = (tmp_path / "out.npz").stat().st_mtime_ns
    assert list(embed_once(lenient).bad) == ["bad.npz[1]"]
    assert (tmp_path / "out.npz").stat().st_mtime_ns == before
    with pytest.raises(DataError, match=r"bad\.npz\[1\]"):
        embed_once(a_job(tmp_path / "bad.npz", weights, tmp_path / "out.npz"))


def test_shards_that_left_clips_out_do_not_hide_them(tmp_path, clips, weights):
    with np.load(clips) as file:
        arrays = {name: file[name] for name in file}
    arrays["joints"] = arrays["joints"].copy()
    arrays["joints"][15] = np.nan
    np.savez(tmp_path / "bad.npz", **arrays)
    strict = a_job(tmp_path / "bad.npz", weights, tmp_path / "out.npz", shard_size=40)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_clips(replace(strict, skip_bad=True), progress=stop)
    with pytest.raises(DataError, match=r"bad\.npz\[1\]"):
        embed_clips(strict)
