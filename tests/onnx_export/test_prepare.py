"""What stands beside the exported graphs, against the package."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from gzssar.encoders.streams import joined
from gzssar.errors import DataError
from gzssar.features.features import FeatureSet
from gzssar.features.whitening import raw_space
from gzssar.onnx_export import beside, export_recognizer, prepare as program
from gzssar.recognizer.clips import trimmed
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.skeletons import moving, preprocess, resampling
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.preprocess import STREAMS
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts import words
from gzssar.texts.fusion import concatenation
from recipes import changed
from recognizer_world import QUICK, SEEN_IDS, TEXTS, fake_text_encoders, quick_fits, recordings, small_encoder

EXAMPLE = Path(__file__).parents[2] / "examples" / "06_onnx_without_torch.py"
NOT_THERE = ("gzssar", "torch", "jaxtyping", "scipy", "sklearn", "onnx")
RATES = (12.5, 20, 29.97, 30, 60)


@pytest.fixture(autouse=True, scope="module")
def fake_texts():
    with fake_text_encoders(), quick_fits():
        yield


def encoders(streams=STREAMS, bodies=2, frames=8):
    return joined([small_encoder(frames, bodies, name) for name in streams])


@cache
def fitted(streams, with_words):
    """A recognizer of the first classes of the synthetic world."""
    encoder, drawn = encoders(streams), recordings()
    clips = [drawn.sequence(int(k)) for k in np.flatnonzero(drawn.labels < len(SEEN_IDS))]
    features = encoder.encode(np.stack([encoder.prepare(clip) for clip in clips])).features
    labels = np.array(SEEN_IDS)[[clip.label for clip in clips]]
    names = encoder.streams if len(streams) > 1 else ()
    some = FeatureSet(features, labels, subjects=np.array([clip.subject for clip in clips]), streams=names)
    recipe = changed(QUICK, words=True) if with_words else QUICK
    return fit_recognizer(some, TEXTS, encoder, Fitting(recipe=recipe))


@pytest.fixture(params=[(STREAMS, False), (("joint",), True)], ids=["four streams", "words"])
def recognizer(request, fake_texts):
    return fitted(*request.param).copy()


@pytest.fixture
def folder(recognizer, tmp_path):
    export_recognizer(recognizer, tmp_path / "edge")
    return tmp_path / "edge"


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def told(folder, encoder):
    """A folder that holds what the program reads of an encoder."""
    folder.mkdir(exist_ok=True)
    (folder / "prepare.json").write_text(json.dumps(beside._preparation(encoder)))
    return folder


def drawn(layout, seed):
    """Bodies that wander, rest at both ends of the clip, come late, and are lost in between."""
    rng = np.random.default_rng(seed)
    frames, bodies, fps = int(rng.integers(1, 90)), int(rng.integers(1, 4)), float(rng.choice(RATES))
    speeds = rng.choice([0.0005, 0.01, 0.1], size=(1, bodies, 1, 1))
    steps = speeds * rng.normal(size=(frames, bodies, layout.joint_count, 3))
    rest = frames // int(rng.integers(3, 9))
    steps[:rest] = steps[frames - rest :] = 0
    joints = rng.normal(size=(1, bodies, layout.joint_count, 3)) + np.cumsum(steps, axis=0)
    for body in range(bodies):
        if rng.random() < 0.4:
            joints[: rng.integers(frames), body] = 0
        if rng.random() < 0.4:
            start = rng.integers(frames)
            joints[start : start + rng.integers(1, 20), body] = 0
    times = np.cumsum(rng.uniform(0.3, 2, size=frames)) / fps if rng.random() < 0.5 else None
    return joints.astype(np.float32), fps, times


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_clips_are_prepared_as_by_the_package(tmp_path, layout):
    networks = [encoders(bodies=bodies, frames=24) for bodies in (1, 2)]
    folders = [told(tmp_path / f"{number}", network) for number, network in enumerate(networks)]
    rests = empty = cut = 0
    for seed in range(50):
        encoder, folder, trim = networks[seed % 2], folders[seed % 2], seed % 3 > 0
        frames, fps, times = drawn(layout, seed)
        if not seed:
            frames[:] = 0
        theirs = SkeletonSequence.from_frames(frames, layout, fps, times=times)
        ours = program.recording(frames, layout.name, fps, times, folder)
        whole = moving.find_action(theirs)
        assert program.is_resting(ours) == moving.is_resting(whole.clip)
        rests += moving.is_resting(whole.clip)
        cut += whole.clip.joints.shape != theirs.joints.shape
        try:
            wanted = encoder.prepare(trimmed(theirs, trim))
        except DataError:
            empty += 1
            with pytest.raises(ValueError, match="first body"):
                program.prepare(ours, trim, folder)
            continue
        prepared = program.prepare(ours, trim, folder)
        assert prepared.dtype == np.float32
        np.testing.assert_allclose(prepared, wanted, rtol=0, atol=1e-6)
    assert min(rests, empty, cut) > 0
    assert rests + empty < 30


def test_a_long_clip_is_thinned_out_alike(tmp_path):
    encoder = encoders(frames=16)
    frames = np.random.default_rng(0).normal(size=(200, 2, 25, 3)).astype(np.float32)
    frames[:5, 0] = frames[10:, 0] = 0  # the first body is there in no frame that thinning keeps
    theirs = SkeletonSequence.from_frames(frames, "ntu25", 30.0)
    ours = program.recording(frames, "ntu25", 30.0, folder=told(tmp_path, encoder))
    np.testing.assert_allclose(program.prepare(ours, False, tmp_path), encoder.prepare(theirs), rtol=0, atol=1e-6)


def test_numbers_that_both_state_are_the_same():
    assert (program.MOVING, program.RESTING, program.SHORTEST) == (moving.MOVING, moving.RESTING, moving.SHORTEST)
    assert (program.SPAN, program.SMOOTH, program.FASTEST) == (moving._SPAN, moving._SMOOTH, moving._FASTEST)
    assert program.MOST_ACTORS == moving._MOST_ACTORS
    assert (program.SAME_RATE, program.MOST_FRAMES) == (resampling._SAME, resampling._MOST_FRAMES)
    assert (program.SHORTEST_VECTOR, program.TURNED_AWAY) == (preprocess._SHORTEST, preprocess._TURNED_AWAY)
    assert program.WORDS_WIDTH == words.WIDTH


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": "utd"}, "the layout should be one of ntu25"),
        ({"frames": np.ones((4, 24, 3))}, r"shape \(T, 25, 3\).* but it is \(4, 24, 3\)"),
        ({"frames": np.ones((4, 25, 2))}, r"but it is \(4, 25, 2\)"),
        ({"frames": np.ones((0, 25, 3))}, r"but it is \(0, 25, 3\)"),
        ({"frames": np.full((4, 25, 3), np.nan)}, "finite positions"),
        ({"fps": 0.0}, "rate should be positive, but it is 0"),
        ({"times": [0.0, 1.0, 1.0, 2.0]}, "4 ascending seconds"),
        ({"times": [0.0, 1.0, 2.0]}, "4 ascending seconds"),
    ],
)
def test_recordings_that_do_not_fit_are_refused(tmp_path, change, message):
    given = {"frames": np.ones((4, 25, 3)), "layout": "ntu25", "fps": 30.0} | change
    with pytest.raises(ValueError, match=message):
        program.recording(**given, folder=told(tmp_path, encoders(("joint",))))


def run(*command):
    """Python with numpy and ONNX Runtime, but without the package and what it is made with."""
    start = f"import runpy, sys; sys.modules.update(dict.fromkeys({NOT_THERE!r})); sys.argv = sys.argv[1:]; "
    code = f"{start}runpy.run_path(sys.argv[0], run_name='__main__')"
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, command)], capture_output=True, text=True, env=clean, check=False
    )


def test_test_vectors_are_checked_without_the_package(folder, recognizer):
    checked = run(folder / "prepare.py", "--check")
    assert checked.returncode == 0, checked.stderr
    assert [line.split(":")[0] for line in checked.stdout.splitlines()] == ["prepared", "features", "scores"]
    vectors = dict(np.load(folder / "test_vectors.npz"))
    assert vectors["layouts"].tolist() == ["ntu25", "kinect20", "mediapipe33", "ntu25"]
    assert vectors["scores"].shape == (4, len(recognizer.classes))
    assert vectors["prepared"].any(axis=(1, 2, 3))[:, -1].tolist() == [False, False, False, True]
    vectors["features"][2, 0] += 1
    np.savez(folder / "test_vectors.npz", **vectors)
    checked = run(folder / "prepare.py", "--check")
    assert checked.returncode == 1
    assert "features should be as in test_vectors.npz, but they differ by 1" in checked.stderr
    assert "Usage: python prepare.py --check" in run(folder / "prepare.py").stderr


def test_the_example_answers_without_the_package(folder, recognizer, tmp_path):
    clip = recordings(per_class=1, seed=5).sequence(3)
    np.save(tmp_path / "frames.npy", clip.joints[..., 0].transpose(1, 2, 0))
    answered = run(EXAMPLE, folder, tmp_path / "frames.npy", "ntu25", clip.fps)
    assert answered.returncode == 0, answered.stderr
    (wanted,) = recognizer.predict([clip])
    assert answered.stdout.splitlines() == [
        f"{one['score']:.3f}  {'seen' if one['seen'] else 'unseen':<6}  {one['label']}" for one in wanted
    ]
    np.save(tmp_path / "frames.npy", np.repeat(clip.joints[:, :1, :, 0].transpose(1, 2, 0), 40, axis=0))
    assert run(EXAMPLE, folder, tmp_path / "frames.npy", "ntu25", clip.fps).stdout == "nothing is happening\n"


@pytest.mark.parametrize("text", [{"action": "to sit", "motion": "knees bend, knees bend"}, {}])
def test_vectors_of_a_text_make_the_centre_that_the_package_makes(folder, recognizer, text):
    recognizer.add_class("sit down", **text)
    one = recognizer.known[-1]
    texts = ["sit down", text.get("action", "sit down"), text.get("motion", "sit down")]
    centre = program.centre_of_vectors(one.tables, texts, folder)
    np.testing.assert_allclose(centre, one.centre, rtol=1e-5, atol=1e-6)
    space = np.load(folder / "text_space.npz")
    assert space["kinds"].tolist() == ["lb", "ad", "md"]
    assert (space["encoders"].tolist(), space["revisions"].tolist()) == (["minilm"], ["fake 1"])
    assert (str(space["template"]), bool(space["words"])) == ("{}", recognizer.parts.words)


def test_vectors_of_other_texts_are_refused(folder, recognizer):
    with pytest.raises(ValueError, match="should have vectors, and words, of the widths"):
        program.centre_of_vectors(recognizer.known[0].tables[:2], ["a", "b", "c"], folder)


def test_the_papers_text_space_is_written_too(recognizer, tmp_path):
    tables = [row[None] for row in recognizer.known[0].tables]
    width = sum(table.shape[1] for table in tables)
    regression = np.random.default_rng(0).normal(size=(width, 5)).astype(np.float32)
    parts = replace(recognizer.parts, text_space=concatenation(tables), regression=regression, words=False)
    np.savez(tmp_path / "text_space.npz", **beside._text_space(parts, recognizer.known[0]))
    centre = program.centre_of_vectors([3 * table[0] for table in tables], (), tmp_path)
    np.testing.assert_allclose(centre, (parts.text_space(tables) @ regression)[0], rtol=1e-5)


@pytest.mark.parametrize("text", [{"motion": "knees bend"}, {}])
def test_clips_of_a_class_make_the_answers_that_the_package_makes(folder, recognizer, text):
    drawn = recordings(per_class=3, seed=5)
    shown = [drawn.sequence(int(k)) for k in np.flatnonzero(drawn.labels == 20)]
    asked = [drawn.sequence(k) for k in range(0, 144, 9)]
    features, held = recognizer.encode(shown), dict(np.load(folder / "skeleton_space.npz"))
    recognizer.add_class("sit", **text)
    expected = recognizer.known[-1].centre if text else None
    centre, advantage = program.centre_of_clips(features, expected, folder)
    recognizer.add_features("sit", features)
    (one,) = [one for one in recognizer.known if one.text.label == "sit"]
    np.testing.assert_allclose(centre, one.centre, rtol=1e-5, atol=1e-6)
    inputs = {
        "features": recognizer.encode(asked),
        "unseen_prototypes": np.load(folder / "prototypes.npy"),
        "seen_centres": np.vstack([held["seen_centres"], centre]),
        "seen_advantages": np.append(held["seen_advantages"], np.float32(advantage)),
    }
    (scores,) = session(folder / "open_heads.onnx").run(["scores"], inputs)
    assert recognizer.classes.index("sit") == len(held["seen_centres"])
    np.testing.assert_allclose(scores, recognizer.predict_proba(asked), rtol=1e-3, atol=1e-5)


def test_a_space_that_leaves_features_as_they_are(recognizer, tmp_path):
    parts = replace(recognizer.parts, skeleton_space=raw_space(3))
    np.savez(tmp_path / "skeleton_space.npz", **beside._skeleton_space(parts))
    features = np.array([[1, 2, -3], [3, 2, 5]], dtype=np.float32)
    centre, _ = program.centre_of_clips(features, None, tmp_path)
    np.testing.assert_array_equal(centre, [2, 2, 1])
