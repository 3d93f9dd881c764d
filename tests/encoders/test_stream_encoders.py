"""Several encoders as one, and which stream weights are of."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gzssar.encoders.encoder import load_encoder, save_encoder
from gzssar.encoders.network import Architecture
from gzssar.encoders.registry import NETWORKS
from gzssar.encoders.shift_gcn.network import ShiftGcn
from gzssar.encoders.shift_gcn.original_weights import stream_of
from gzssar.encoders.streams import StreamEncoders, load_encoders, odd_streams
from gzssar.encoders.weights import StreamWeights, parse_weights
from gzssar.errors import ConfigError
from gzssar.skeletons.preprocess import STREAMS
from models_world import known, model_of
from recognizer_world import recordings, small_encoder

JOINT, BONE = small_encoder(), small_encoder(stream="bone")


@pytest.fixture(scope="module")
def clips():
    drawn = recordings(per_class=1)
    return [drawn.sequence(k) for k in range(6)]


# what a user types


def test_weights_are_files_of_streams(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a=b.pt").touch()
    assert parse_weights(["joint=a.pt", "bone motion=x=1/b.pt", "runs/lr=1/c.pt", "a=b.pt"]) == (
        StreamWeights(Path("a.pt"), "joint"),
        StreamWeights(Path("x=1/b.pt"), "bone motion"),
        StreamWeights(Path("runs/lr=1/c.pt")),
        StreamWeights(Path("a=b.pt")),
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "but no file is named"),
        (["bones=a.pt"], "STREAM=FILE with one of the streams joint, bone, .*, but 'bones=a.pt' came"),
        (["joint="], "STREAM=FILE"),
        (["bone=a.pt", "joint=b.pt", "bone=c.pt"], "the stream 'bone' is named twice"),
    ],
)
def test_other_words_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        parse_weights(given)


def test_the_name_of_the_packaged_model_stands_for_its_networks():
    encoders = load_encoders(parse_weights(["utd-mhad"]))
    assert encoders.streams == ("joint motion", "bone motion")
    with pytest.raises(ConfigError, match="write utd-mhad instead of bone=utd-mhad"):
        parse_weights(["bone=utd-mhad"])


def test_the_name_of_a_model_stands_for_its_files(tmp_path, monkeypatch):
    toy = model_of({"a.pt": b"a", "b.pt": b"b"}, streams=("bone", "joint motion"))
    known(monkeypatch, toy)
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="models get toy"):
        parse_weights(["toy"])
    folder = tmp_path / "models/toy"
    folder.mkdir(parents=True)
    for name in "ab":
        (folder / f"{name}.pt").write_text(name)
    bone, motion = StreamWeights(folder / "a.pt", "bone"), StreamWeights(folder / "b.pt", "joint motion")
    assert parse_weights(["toy"]) == (bone, motion)
    assert parse_weights(["joint=x.pt", "bone=toy"]) == (StreamWeights(Path("x.pt"), "joint"), bone)
    with pytest.raises(ConfigError, match="the stream 'bone' is named twice"):
        parse_weights(["toy", "bone=toy"])
    with pytest.raises(ConfigError, match="has the streams bone, joint motion, but not 'joint'"):
        parse_weights(["joint=toy"])
    with pytest.raises(ConfigError, match="'toys' is neither; the nearest name is 'toy'"):
        parse_weights(["joint=toys"])
    assert parse_weights(["./toys", "bone=toys.pt"]) == (
        StreamWeights(Path("toys")),
        StreamWeights(Path("toys.pt"), "bone"),
    )
    assert parse_weights(["n" * 5000]) == (StreamWeights(Path("n" * 5000)),)  # no name that a file could have
    Path("toy").mkdir()  # no weights
    assert parse_weights(["toy"]) == (bone, motion)
    Path("toy").rmdir()
    Path("toy").touch()
    assert parse_weights(["toy"]) == (StreamWeights(Path("toy")),)
    assert parse_weights(["bone=toy"]) == (StreamWeights(Path("toy"), "bone"),)


# several as one


def test_streams_stand_side_by_side_in_their_order(clips):
    both = StreamEncoders((BONE, JOINT))
    assert (both.streams, both.feature_width) == (("joint", "bone"), 32)
    prepared = np.stack([both.prepare(clip) for clip in clips])
    assert prepared.shape == (6, 6, 8, 25, 1)
    said = both.encode(prepared)
    alone = [one.encode(np.stack([one.prepare(clip) for clip in clips])) for one in (JOINT, BONE)]
    np.testing.assert_array_equal(said.features, np.concatenate([one.features for one in alone], axis=1))
    np.testing.assert_array_equal(said.logits, (alone[0].logits + alone[1].logits) / 2)
    assert not np.array_equal(alone[0].features, alone[1].features)


def test_all_are_brought_to_another_length(clips):
    shorter = StreamEncoders((JOINT, BONE)).with_frames(5)
    assert [one.frames for one in shorter.members] == [5, 5]
    assert shorter.prepare(clips[0]).shape == (6, 5, 25, 1)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (JOINT, "the stream 'joint' is given twice: name the stream of the authors' weights"),
        (replace(BONE, frames=9), "share their frames, but joint has 8 and bone has 9"),
        (replace(BONE, fps=20.0), r"share their frame rate, but joint has 30\.0 and bone has 20\.0"),
        (replace(BONE, classes=(0, 1, 2, 7)), "share their classes"),
        (small_encoder(stream="bone", body_count=2), "share their bodies, but joint has 1 and bone has 2"),
    ],
)
def test_encoders_that_do_not_go_together_are_refused(other, message):
    with pytest.raises(ConfigError, match=message):
        StreamEncoders((JOINT, other))


def test_no_encoder_is_refused():
    with pytest.raises(ConfigError, match="an encoder of at least one stream, but there is none"):
        StreamEncoders(())


# files


def test_one_file_is_one_encoder_and_two_are_two(tmp_path):
    save_encoder(tmp_path / "joint", JOINT)
    save_encoder(tmp_path / "bone", BONE)
    one = load_encoders([StreamWeights(tmp_path / "bone")])
    assert (one.streams, one.members) == (("bone",), (one,))
    two = load_encoders([StreamWeights(tmp_path / "bone", "bone"), StreamWeights(tmp_path / "joint")])
    assert [one.file for one in two.members] == [tmp_path / "joint", tmp_path / "bone"]


def test_our_own_file_knows_its_stream(tmp_path):
    save_encoder(tmp_path / "bone", BONE)
    with pytest.raises(ConfigError, match="holds an encoder of the stream 'bone', but the command names 'joint'"):
        load_encoder(tmp_path / "bone", "joint")


# which stream weights are of


@pytest.fixture
def authors_bone(monkeypatch, tmp_path):
    """A file of some authors' weights, which were trained on bones."""
    monkeypatch.setitem(
        NETWORKS,
        ShiftGcn.name,
        Architecture(ShiftGcn, load_original=lambda path: small_encoder().network, stream_of=lambda network: "bone"),
    )
    (tmp_path / "a.pt").write_bytes(b"weights of their authors")
    return tmp_path / "a.pt"


def test_authors_weights_are_joint_unless_named_and_a_wrong_stream_is_told(authors_bone):
    assert load_encoder(authors_bone).stream == "joint"
    (told,) = odd_streams(load_encoder(authors_bone))
    assert "a.pt is taken for weights of the stream 'joint', but was trained on 'bone'" in told
    assert told.endswith(f"name it 'bone={authors_bone}'.")
    assert odd_streams(load_encoder(authors_bone, "bone")) == []


def test_our_own_weights_are_believed(authors_bone, tmp_path):
    save_encoder(tmp_path / "joint", JOINT)
    assert odd_streams(load_encoder(tmp_path / "joint")) == []


@pytest.mark.parametrize("stream", STREAMS)
def test_the_statistics_of_the_input_tell_the_stream(stream, clips):
    encoder = replace(JOINT, stream=stream)
    network = ShiftGcn(4, width=4, body_count=1)
    inputs = np.stack([encoder.prepare(clip) for clip in clips])[..., 0].transpose(3, 1, 0, 2).reshape(75, -1)
    network.input_norm.running_mean = torch.from_numpy(inputs.mean(axis=1))
    network.input_norm.running_var = torch.from_numpy(inputs.var(axis=1))
    assert stream_of(network) == stream


def test_statistics_that_tell_nothing():
    assert stream_of(ShiftGcn(4, width=4, body_count=1)) is None
    assert stream_of(ShiftGcn(4, width=4, joint_count=20, body_count=1)) is None


def test_each_published_network_tells_its_stream_whatever_it_is_named(shared_data):
    for trained in STREAMS:
        file = shared_data / "shiftgcn" / f"ntu120_xset_{trained.replace(' ', '-')}.pt"
        for named in STREAMS:
            told = odd_streams(load_encoder(file, named))
            assert [f"was trained on {trained!r}" in one for one in told] == [True] * (named != trained)
