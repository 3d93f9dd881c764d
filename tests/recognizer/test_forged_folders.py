"""A folder whose files were changed by somebody who worked out the digests anew: a sentence that names file and field,
or a recognizer that still answers in finite numbers."""

import csv
import io
import json
import math
import shutil
from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import gzssar.recognizer.bundle as bundle
from gzssar.encoders.encoder import _require_weights, load_own_encoder
from gzssar.encoders.streams import StreamEncoders
from gzssar.errors import DataError, GzssarError
from gzssar.features.features import FeatureSet
from gzssar.files import hash_file
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.texts.classes import ClassText, ClassTexts
from recognizer_world import QUICK, SEEN_IDS, TEXTS, recordings, small_encoder

OWN = ClassTexts(
    tuple(ClassText(name, f"to {name}", f"the body will {name}") for name in ("hop", "nod", "spin", "sit"))
)
"""Texts of the small encoders' classes."""
NOTES = {
    "data": "toys",
    "performers": [0, 1],
    "malformed": {"a": "cut off"},
    "recordings": {
        "fps": [30.0, 30.0],
        "seconds": [1.0, 3.0],
        "metres": None,
        "bodies": 1,
        "layouts": ["ntu25"],
        "doubts": {"scale": {"clips": 2, "first": "a", "sentence": "Too large."}},
    },
    "hub": {"repository": "a/b", "commit": "c0ffee"},
    "recalibrated": {"data": "more toys", "classes": 3, "seen": 10, "unseen": 10, "unknown": 0},
}
WRONG = [None, True, "\x1b[2J\ud800", math.nan, math.inf, -1, 10**12, 10**400, [], {"x": [[]]}]


@pytest.fixture(scope="module")
def whole(fake_texts, tmp_path_factory):
    """The folder of a recognizer with all that a folder may hold, which the tests mend after they broke it."""
    both = StreamEncoders((small_encoder(), small_encoder(stream="joint motion")))
    drawn = recordings()
    clips = [drawn.sequence(int(k)) for k in np.flatnonzero(drawn.labels < len(SEEN_IDS))]
    features = both.encode(np.stack([both.prepare(clip) for clip in clips])).features
    labels, subjects = np.array(SEEN_IDS)[[clip.label for clip in clips]], np.array([clip.subject for clip in clips])
    learned = FeatureSet(features, labels, subjects=subjects, streams=both.streams)
    recognizer = fit_recognizer(learned, TEXTS, both, Fitting(recipe=QUICK, encoder_texts=OWN), NOTES)
    recognizer.add_class("crouch", motion="the body goes down", clips=clips[:2])
    folder = tmp_path_factory.mktemp("forged") / "model"
    recognizer.save(folder)
    return folder


@pytest.fixture(scope="module")
def asked():
    """A clip, and features."""
    return recordings(per_class=1, seed=3).sequence(0), np.random.default_rng(0).normal(size=(3, 32)).astype(np.float32)


@pytest.fixture
def encoders_read_once(monkeypatch):
    """Where their files stay as they are."""
    monkeypatch.setattr(bundle, "load_own_encoder", cache(load_own_encoder))


def sealed(folder, config=None):
    """Work out all digests anew."""
    config = json.loads((folder / "config.json").read_text()) if config is None else config
    if isinstance(config.get("files"), dict):
        config["files"] |= {n: hash_file(folder / n) for n in config["files"] if (folder / n).is_file()}
    config["digest"] = bundle.digest_of(config)
    (folder / "config.json").write_text(json.dumps(config))


def attempt(call, *arguments):
    """What a call gives, and the sentence of the error where it gives none; no other exception is caught."""
    try:
        return call(*arguments), ""
    except GzssarError as error:
        return None, f"{type(error).__name__}: {error}"


def outcome(folder, asked, *named):
    """Load a folder: "refused" in a sentence that names all of `named`, or "answers" in finite numbers."""
    clip, features = asked
    recognizer, sentence = attempt(Recognizer.load, folder)
    if sentence:
        assert sentence.startswith(("DataError", "TextError"))
        assert all(word in sentence for word in (folder.name, *named)), sentence
        assert len(sentence) < 600
        assert sentence.isprintable(), sentence
        return "refused"
    every, sure = recognizer.predict_features(features, top_k=None), recognizer.predict_features(features, abstain=True)
    assert all(math.isfinite(one["score"]) and math.isfinite(row.p_seen) for row in (*every, *sure) for one in row)
    assert recognizer.doubts(clip) is not None
    assert recognizer.card.encode()
    for call, argument in ((recognizer.add_class, None), (recognizer.add_features, features)):
        sentence = attempt(call, "march", argument)[1]
        assert not sentence or any(why in sentence for why in ("finite", "far away", "should be one of", "in revision"))
    assert all(math.isfinite(one["score"]) for row in recognizer.predict_features(features) for one in row)
    return "answers"


def places(value, path=()):
    """Where the parts of JSON lie; of a list, the first and the last."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for number in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[number], (*path, number))


def put(value, path, forged):
    """The JSON with something else in a place."""
    if not path:
        return forged
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], forged)
    return copy


def without(value, path):
    """The JSON without what lies in a place."""
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(value[path[0]], path[1:])
    return copy


def test_every_field_of_the_config(whole, asked, encoders_read_once):
    text = (whole / "config.json").read_text()
    config, told = json.loads(text), Counter()
    try:
        for path in places(config):
            if path[:1] in ((), ("digest",), ("format",)):
                continue
            forged = [put(config, path, wrong) for wrong in WRONG] + [without(config, path)]
            for one in forged:
                sealed(whole, one)
                told[outcome(whole, asked)] += 1
    finally:
        (whole / "config.json").write_text(text)
    print(f"config.json: {dict(told)}")
    assert told["refused"] > 700
    assert told["answers"] > 100


@pytest.mark.parametrize(
    ("path", "wrong", "sentence"),
    [
        ("calibration.seen_temperature", math.nan, "should be a finite number, but it is nan"),
        ("calibration.unseen_temperature", 1e-320, r"should be from 1e-06 to 1e\+06, or 0"),
        ("calibration.threshold", 1, "should be from 1e-06 to 0.999999, but it is 1"),
        ("gate", [], "should be a mapping, but it is a list of 0"),
        ("gate.scale", [0, 1], r"gate.scale\[0\] should be from 1e-12 to 1e\+09, but it is 0"),
        ("gate.bias", "x", "should be a finite number, but it is 'x'"),
        ("encoding.template", 7, "should be text, but it is 7"),
        ("encoding.template", "no place", "encoding should hold choices that match, but they do not"),
        ("kinds", ["lb", "lb", "md"], "should be entries that differ"),
        ("kinds", ["lb", "ad", "xx"], r"kinds\[2\] should be one of lb, ad, md, but it is 'xx'"),
        ("revisions", [1], r"revisions\[0\] should be text, but it is 1"),
        ("revisions", [], "revisions should be one for each of the 1 text encoders, but there are 0"),
        ("abstention", [], "should be 10 entries, but it is a list of 0"),
        ("encoder_classes", ["hop", "nod", "spin", "\x1bc"], r"encoder_classes\[3\] should be text that can be read"),
        ("about.scores.harmonic_mean", "good", "should be a finite number, but it is 'good'"),
        ("about.recordings.fps", [30], "should be 2 entries, but it is a list of 1"),
        ("words", True, "the text space should read 12294 numbers of a class, but it reads 6"),
        ("roots", False, "the skeleton encoder should give the 64 numbers that the space takes, but it gives 32"),
        (
            "encoder_classes",
            ["hop", "nod"],
            r"weights.safetensors: encoder.text.0 should be of shape \(C, T0\) with C = 2",
        ),
    ],
)
def test_what_is_said_of_a_forged_field(whole, path, wrong, sentence, encoders_read_once):
    text = (whole / "config.json").read_text()
    try:
        sealed(whole, put(json.loads(text), tuple(path.split(".")), wrong))
        with pytest.raises(DataError, match=sentence):
            Recognizer.load(whole)
    finally:
        (whole / "config.json").write_text(text)


def test_json_that_is_too_deep(whole):
    text = (whole / "config.json").read_text()
    try:
        for levels in (40, 100_000):
            (whole / "config.json").write_text(
                text.replace('"data"', f'"deep": {"[" * levels}{"]" * levels}, "data"', 1)
            )
            if levels < 1000:
                sealed(whole)
            with pytest.raises(DataError, match=r"config\.json.* (at most 30 levels|not JSON)"):
                Recognizer.load(whole)
    finally:
        (whole / "config.json").write_text(text)


def forgeries(array):
    """What may become of an array."""
    flat, floats = array.reshape(-1), array.dtype.kind == "f"
    every, some = ((np.nan, np.inf, -np.inf, 1e12, 1e9, -1, 0, 1e-30), (np.nan, 1e12, -1e9)) if floats else ((-1,), ())
    filled = [np.full_like(array, wrong) for wrong in every]
    for wrong in some:
        filled.append(array.copy())
        filled[-1].reshape(-1)[len(flat) // 2] = wrong
    shapes = [flat[:0], array[None], flat, array[..., None], flat[:-1], np.concatenate([array[None], array[None]])]
    if array.ndim > 1:
        shapes += [
            array[:-1],
            np.concatenate([array, array[:1]]),
            array[:, :-1],
            array.swapaxes(0, 1),
            np.zeros((0, *array.shape[1:]), array.dtype),
        ]
    types = [array.astype(kind) for kind in (np.float16, np.float64, np.int64, np.uint8, bool)]
    return [*filled, *shapes, *types]


def test_every_array(whole, asked, encoders_read_once):
    path, told = whole / "weights.safetensors", Counter()
    content, config, arrays = path.read_bytes(), (whole / "config.json").read_text(), load_file(path)
    try:
        for name, array in arrays.items():
            for forged in forgeries(array)[:: 3 if ".text." in name else 1]:
                save_file({**arrays, name: np.ascontiguousarray(forged)}, path)
                sealed(whole)
                told[outcome(whole, asked)] += 1
            for forged in (
                {other: value for other, value in arrays.items() if other != name},
                {**arrays, "more": array},
            ):
                save_file(forged, path)
                sealed(whole)
                told[outcome(whole, asked)] += 1
    finally:
        path.write_bytes(content)
        (whole / "config.json").write_text(config)
    print(f"weights.safetensors: {dict(told)}")
    assert told["refused"] > 120


CELLS = [
    "",
    " ",
    "x",
    "yes",
    "true",
    "-1",
    "0",
    "1",
    "1.5",
    "nan",
    "²",
    "１",
    "9" * 30,
    "\x1b[2J",
    "a\u200bb",
    "\0",
    "\r",
    "clap",
]


def test_every_column_of_the_table(whole, asked, encoders_read_once):
    path, told = whole / "texts.csv", Counter()
    content, config = path.read_bytes(), (whole / "config.json").read_text()
    head, *rows = list(csv.reader(io.StringIO(content.decode(), newline="")))

    def check(table):
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows(table)
        path.write_bytes(out.getvalue().encode())
        sealed(whole)
        told[outcome(whole, asked, "texts.csv" if len(table) == len(rows) + 1 else "model")] += 1

    try:
        for column in range(len(head)):
            for number in (len(rows) - 1,):
                for cell in CELLS:
                    check([head, *put(rows, (number, column), cell)])
            check([without(line, (column,)) for line in (head, *rows)])
            check([put(head, (column,), "x"), *rows])
        for number in range(len(rows)):
            check([head, *without(rows, (number,))])
            check([head, *rows, rows[number]])
            check([head, *put(rows, (number,), [])])
        check([head])
        check([])
        check([head, *reversed(rows)])
        for damaged in (b"", b"\xff\xfe", content + b'"', b"\0" * 100, content + b"x" * 200_000):
            path.write_bytes(damaged)
            sealed(whole)
            told[outcome(whole, asked, "texts.csv")] += 1
    finally:
        path.write_bytes(content)
        (whole / "config.json").write_text(config)
    print(f"texts.csv: {dict(told)}")
    assert told["refused"] > 100


def test_every_field_of_an_encoder(whole, tmp_path, on_recordings):
    """Of the file alone: the folder's own is read by the same function."""
    path, forged = whole / "encoder-joint-motion.safetensors", tmp_path / "encoder.safetensors"
    arrays, told = load_file(path), Counter()
    about = {
        "network": "shift-gcn",
        "width": 4,
        "body_count": 1,
        "classes": [0, 1, 2, 3],
        "frames": 8,
        "fps": 30.0,
        "stream": "joint motion",
        "provenance": {"weights": "random"},
    }

    def check(metadata, tensors=arrays):
        save_file(tensors, forged, metadata)
        encoder, sentence = attempt(load_own_encoder, forged)
        told["refused" if sentence else "answers"] += 1
        if sentence:
            assert sentence.startswith("DataError")
            assert str(forged) in sentence
            assert "\n" not in sentence
        else:
            clip = np.random.default_rng(0).normal(size=(1, 3, 8, 25, encoder.network.body_count))
            features = encoder.encode(clip.astype(np.float32)).features
            refused = attempt(on_recordings.predict_features, features)[1].startswith("DataError: features should be ")
            assert np.isfinite(features).all() or refused

    for where in places(about):
        for wrong in WRONG:
            check({"format": "gzssar-encoder-1", "encoder": json.dumps(put(about, where, wrong))})
        if where:
            check({"format": "gzssar-encoder-1", "encoder": json.dumps(without(about, where))})
    for metadata in ({}, {"format": "gzssar-encoder-1"}, {"format": "gzssar-encoder-1", "encoder": "[" * 100_000}):
        check(metadata)
    assert told["answers"] < 60
    whole_one = {"format": "gzssar-encoder-1", "encoder": json.dumps(about)}
    for wrong in forgeries(arrays["classifier.weight"]):
        check(whole_one, {**arrays, "classifier.weight": np.ascontiguousarray(wrong)})
    check(whole_one, {name: array for name, array in arrays.items() if name != "classifier.bias"})
    check(whole_one, {**arrays, "more": arrays["classifier.bias"]})
    print(f"encoder: {dict(told)}")
    assert told["refused"] > 100


def test_every_weight_of_an_encoder():
    network, told = small_encoder().network, Counter()
    weights = network.state_dict()
    for k, (name, tensor) in enumerate(weights.items()):
        for one in forgeries(tensor.numpy())[k % 7 :: 7]:
            forged = {**weights, name: torch.from_numpy(np.ascontiguousarray(one))}
            sentence = attempt(_require_weights, network, forged)[1]
            told["refused" if sentence else "answers"] += 1
            assert not sentence or (sentence.startswith("DataError") and name in sentence)
    print(f"encoder's weights: {dict(told)}")
    assert told["refused"] > 400
    for name, wrong in (("blocks.9.temporal.shift_in.offset", 1e9), ("input_norm.running_var", -1.0)):
        with pytest.raises(DataError, match=f"{name} should hold finite numbers from"):
            _require_weights(network, {**weights, name: torch.full_like(weights[name], wrong)})


def test_a_billion_frames_are_refused_before_anything_is_made_of_them(tmp_path):
    about = {"width": 4, "body_count": 1, "classes": [0, 1, 2, 3], "frames": 10**9, "stream": "joint", "provenance": {}}
    told = {"format": "gzssar-encoder-1", "encoder": json.dumps(about)}
    weights = {name: tensor.numpy() for name, tensor in small_encoder().network.state_dict().items()}
    save_file(weights, tmp_path / "encoder.safetensors", told)
    with pytest.raises(DataError, match=r"encoder\.frames should be from 1 to 3000, but it is 1000000000"):
        load_own_encoder(tmp_path / "encoder.safetensors")


def test_encoders_that_do_not_go_together(whole, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    config = json.loads((folder / "config.json").read_text())
    second = folder / "encoder-joint-motion.safetensors"
    second.rename(folder / "encoder-bone.safetensors")
    del config["files"][second.name]
    config["files"]["encoder-bone.safetensors"] = ""
    sealed(folder, config)
    with pytest.raises(DataError, match=r"called after their streams, encoder-joint-motion\.safetensors, encoder\."):
        Recognizer.load(folder)
    (folder / "encoder-bone.safetensors").write_bytes((folder / "encoder.safetensors").read_bytes())
    sealed(folder)
    with pytest.raises(DataError, match=r"encoders that match, but they do not: .* 'joint' is given twice"):
        Recognizer.load(folder)
