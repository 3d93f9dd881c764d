import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from gzssar.encoders.encoder import NEVER_TRAINED
from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.encoders.training.run import learning_rate
from gzssar.errors import ConfigError, DataError, MissingExtraError
from gzssar.skeletons.preprocess import prenormalise
from synthetic_clips import small_world

CLASSES = (2, 7, 19, 20)
QUICK = EncoderTraining(width=4, frames=8, epochs=3, batch_size=8)


def clips_of(classes=CLASSES):
    world = small_world()
    chosen = np.isin(world.labels, classes)
    return np.stack([prenormalise(clip, QUICK.frames) for clip in world.joints[chosen]]), world.labels[chosen]


def held_out():
    """Other performers of the same classes."""
    world = small_world(seed=1)
    chosen = np.isin(world.labels, CLASSES)
    return np.stack([prenormalise(clip, QUICK.frames) for clip in world.joints[chosen]]), world.labels[chosen]


def fit(training=QUICK, classes=CLASSES, **options):
    return fit_encoder(*clips_of(classes), classes, training, **options)


@cache
def fitted():
    """The encoder of a training that other tests repeat in other ways."""
    return fit()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The checkpoint of a training that is over; `mine` is a copy for a test to change."""
    path = tmp_path_factory.mktemp("finished") / "checkpoint"
    fit(checkpoint=path)
    return path


@pytest.fixture
def mine(tmp_path, finished):
    return Path(shutil.copy(finished, tmp_path / "mine"))


def weights(encoder):
    return encoder.network.state_dict()


def equal(one, other):
    return all(torch.equal(value, weights(other)[name]) for name, value in weights(one).items())


def scalars(checkpoint):
    return torch.load(checkpoint, weights_only=True)["state"]["history"]


class Stop(Exception):
    pass


def stop_at(step):
    def progress(done, total):
        if done == step:
            raise Stop

    return progress


# what comes out


@pytest.mark.parametrize(
    "how",
    [
        {"learning_rate": 1e-2},
        {"optimizer": "sgd", "learning_rate": 0.05, "schedule": "step", "augmentations": (), "label_smoothing": 0.0},
        {"learning_rate": 1e-2, "precision": "bf16", "augmentations": ("mixup",)},
    ],
    ids=["default", "paper", "bf16 and mixup"],
)
def test_it_learns_its_training_clips(monkeypatch, how):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # the longest trainings: others check the shapes
    clips, labels = clips_of()
    encoder = fit(replace(QUICK, epochs=30, width=8, **how))
    assert (encoder.encode(clips, 48).logits.argmax(axis=1) == labels).mean() > 0.8


def test_the_encoder_says_what_it_is():
    encoder = fit(replace(QUICK, stream="bone"))
    assert (encoder.classes, encoder.frames, encoder.stream) == (CLASSES, 8, "bone")
    assert not encoder.network.training
    assert encoder.provenance["learning_rate"] == "0.002"
    assert encoder.provenance["epoch kept"] == "3"


def test_the_same_seed_gives_the_same_bits_whatever_came_before():
    torch.rand(3)
    assert equal(fitted(), fit())
    assert not torch.equal(
        weights(fitted())["classifier.weight"], weights(fit(replace(QUICK, seed=1)))["classifier.weight"]
    )


def test_fitting_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    fit()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_order_of_classes_does_not_matter():
    assert equal(fitted(), fit_encoder(*clips_of(), CLASSES[::-1], QUICK))


def test_columns_of_classes_never_trained_are_very_low():
    clips, _ = clips_of((0, *CLASSES))
    encoded = fitted().encode(clips, 48)
    foreign = np.setdiff1d(np.arange(48), CLASSES)
    assert (encoded.logits[:, foreign] == NEVER_TRAINED).all()
    assert (encoded.logits[:, list(CLASSES)] > NEVER_TRAINED).all()


def test_progress_counts_every_step():
    seen = []
    fit(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(step, 6) for step in range(1, 7)]


# the learning rate


def test_the_step_schedule_falls_where_the_papers_does():
    paper = EncoderTraining(epochs=140, schedule="step", learning_rate=0.1)
    rates = [learning_rate(paper, epoch) for epoch in (0.0, 59.9, 60.0, 80.0, 99.9, 100.0, 139.0)]
    assert rates == pytest.approx([0.1, 0.1, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4])


def test_the_cosine_falls_from_the_end_of_the_warm_up():
    training = EncoderTraining(epochs=6, warm_up=2, learning_rate=0.4)
    rates = [learning_rate(training, epoch) for epoch in (0.5, 1.0, 2.0, 4.0, 6.0)]
    assert rates == pytest.approx([0.1, 0.2, 0.4, 0.2, 0.0])


# held-out clips


def test_patience_keeps_the_best_epoch_and_stops_after_it(tmp_path):
    impatient = replace(QUICK, epochs=40, learning_rate=5e-3, patience=2)
    encoder = fit(impatient, held_out=held_out(), checkpoint=tmp_path / "stopped")
    history = scalars(tmp_path / "stopped")
    score = [(epoch["held-out accuracy"], -epoch["held-out loss"]) for epoch in history]
    best = score.index(max(score))
    assert encoder.provenance["epoch kept"] == str(best + 1)
    assert len(history) == best + 1 + impatient.patience < impatient.epochs
    clips, labels = held_out()
    accuracy = (encoder.encode(clips, 48).logits.argmax(axis=1) == labels).mean()
    assert accuracy == pytest.approx(history[best]["held-out accuracy"])


def test_held_out_clips_do_not_change_a_training_without_patience():
    assert equal(fitted(), fit(held_out=held_out()))


def test_patience_without_held_out_clips_is_refused():
    with pytest.raises(ConfigError, match="patience needs held-out clips"):
        fit(replace(QUICK, patience=1))


# a stop, and on


@pytest.mark.parametrize("how", [{}, {"optimizer": "sgd", "augmentations": ("mixup", "noise")}, {"patience": 2}])
def test_a_stopped_training_goes_on_bit_for_bit(tmp_path, how):
    training = replace(QUICK, epochs=5, warm_up=1, **how)
    uninterrupted = fit(training, held_out=held_out(), checkpoint=tmp_path / "whole")
    for step in (3, 6):  # in the second epoch, and in the third
        with pytest.raises(Stop):
            fit(training, held_out=held_out(), checkpoint=tmp_path / "stopped", progress=stop_at(step))
        assert len(scalars(tmp_path / "stopped")) == (step - 1) // 2
    again = fit(training, held_out=held_out(), checkpoint=tmp_path / "stopped")
    assert equal(uninterrupted, again)
    assert again.provenance == uninterrupted.provenance
    assert sorted(file.name for file in tmp_path.iterdir()) == ["stopped", "whole"]


def test_a_finished_training_is_not_repeated(mine):
    assert equal(fitted(), fit(checkpoint=mine, progress=stop_at(1)))


def test_a_killed_training_goes_on_bit_for_bit(tmp_path):
    checkpoint = tmp_path / "killed"
    code = f"import sys; sys.path[:0] = {[str(Path(__file__).parents[k]) for k in (0, 2)]!r}; "
    code += f"from {Path(__file__).stem} import train_and_hang as train; train({str(checkpoint)!r})"
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"OMP_NUM_THREADS": "1"}) as child:
        while not checkpoint.exists() or len(scalars(checkpoint)) < 2:
            assert child.poll() is None
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert len(scalars(checkpoint)) == 2 < QUICK.epochs
    assert equal(fit(checkpoint=checkpoint), fitted())


def train_and_hang(checkpoint):
    """Two epochs and a step, for a process to be killed in the third."""
    torch.set_num_threads(1)
    fit(checkpoint=Path(checkpoint), progress=lambda done, total: time.sleep(60 if done == 5 else 0))


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"learning_rate": 0.01}, r"learning_rate 0.002, not 0.01: use the same"),
        ({"seed": 3, "width": 5}, r"seed 0, not 3, width 4, not 5: use"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(mine, change, difference):
    with pytest.raises(DataError, match=difference):
        fit(replace(QUICK, **change), checkpoint=mine)


def test_a_checkpoint_of_other_clips_is_refused(mine):
    clips, labels = clips_of()
    with pytest.raises(DataError, match="is from a training with other training clips: use"):
        fit_encoder(clips * 2, labels, CLASSES, QUICK, checkpoint=mine)
    with pytest.raises(DataError, match="is from a training with other held-out clips: use"):
        fit(held_out=held_out(), checkpoint=mine)


def test_where_a_training_runs_may_change_between_stop_and_go(tmp_path):
    with pytest.raises(Stop):
        fit(checkpoint=tmp_path / "mine", progress=stop_at(3))
    assert equal(fit(replace(QUICK, device="cpu"), checkpoint=tmp_path / "mine"), fitted())


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 nor this"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "odd").write_bytes(content)
    with pytest.raises(DataError, match="odd should hold the checkpoint of a training, but it cannot be read"):
        fit(checkpoint=tmp_path / "odd")


def test_a_cut_checkpoint_is_refused(mine):
    mine.write_bytes(mine.read_bytes()[:-1000])
    with pytest.raises(DataError, match="cannot be read"):
        fit(checkpoint=mine)


@pytest.mark.parametrize("held", [torch.zeros(2), {"weights": torch.zeros(2)}, {"fingerprint": 1, "state": 2}])
def test_another_torch_file_is_refused(tmp_path, held):
    torch.save(held, tmp_path / "odd")
    with pytest.raises(DataError, match="odd should hold the checkpoint of a training"):
        fit(checkpoint=tmp_path / "odd")


# the log


def test_the_log_holds_the_scalars_of_every_epoch(tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is missing: pip install 'gzssar[train]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    options = {"held_out": held_out(), "checkpoint": tmp_path / "mine", "log": tmp_path / "log"}
    with pytest.raises(Stop):
        fit(progress=stop_at(3), **options)
    fit(**options)
    log = EventAccumulator(str(tmp_path / "log")).Reload()
    logged = {name: [(event.step, event.value) for event in log.Scalars(name)] for name in log.Tags()["scalars"]}
    assert set(logged) >= {"loss", "learning_rate", "held-out_accuracy", "sequences_per_second"}
    for name, events in logged.items():
        expected = [epoch[name.replace("_", " ")] for epoch in scalars(tmp_path / "mine")]
        assert events == [(step, pytest.approx(value)) for step, value in enumerate(expected, start=1)]


def test_a_log_without_tensorboard_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'gzssar[train]'")):
        fit(log=tmp_path / "log")


def test_without_log_and_processes_nothing_optional_is_imported():
    code = (
        "import sys, gzssar.encoders.training.fit; print([m for m in ('lightning', 'tensorboard') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


# what is refused


def test_an_unseen_clip_never_reaches_training():
    clips, labels = clips_of((0, *CLASSES))
    with pytest.raises(DataError, match=r"only see clips of its own classes, but there are clips of the classes \[0\]"):
        fit_encoder(clips, labels, CLASSES, QUICK)


def test_an_unseen_clip_is_not_held_out_either():
    with pytest.raises(DataError, match=r"only see clips of its own classes, but there are clips of the classes \[0\]"):
        fit(held_out=clips_of((0, *CLASSES)))


def test_a_class_without_clips_is_refused():
    with pytest.raises(DataError, match=r"the classes \[30\] have none"):
        fit_encoder(*clips_of(), (*CLASSES, 30), QUICK)


def test_less_than_a_batch_is_refused():
    with pytest.raises(DataError, match="at least one batch of 17 clips, but there are 16"):
        fit(replace(QUICK, batch_size=17))


def test_another_number_of_frames_is_refused():
    with pytest.raises(DataError, match="should have 300 frames, as the training says, but these have 8"):
        fit(replace(QUICK, frames=300))


def test_other_joints_are_refused():
    clips, labels = clips_of()
    with pytest.raises(DataError, match="3 coordinates and the 25 joints of layout ntu25, but these have 3 and 20"):
        fit_encoder(clips[:, :, :, :20], labels, CLASSES, QUICK)


def test_labels_that_do_not_match_the_clips_are_refused():
    clips, labels = clips_of()
    unchecked = inspect.unwrap(fit_encoder)  # the shapes in its signature are checked in tests only
    with pytest.raises(DataError, match="16 clips and 15 labels"):
        unchecked(clips, labels[:-1], CLASSES, QUICK)


def test_held_out_clips_of_another_shape_are_refused():
    clips, labels = held_out()
    with pytest.raises(DataError, match="held-out clips should be of the training clips' shape"):
        fit(held_out=(clips[:, :, :4], labels))
    with pytest.raises(DataError, match="there should be held-out clips, but there are none"):
        fit(held_out=(clips[:0], labels[:0]))


def test_clips_that_are_not_finite_end_in_a_sentence():
    clips, labels = clips_of()
    with pytest.raises(DataError, match="loss became nan"):
        fit_encoder(clips * np.float32("nan"), labels, CLASSES, QUICK)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="should be cuda, but PyTorch finds no such device"):
        fit(replace(QUICK, device="cuda"))


@pytest.mark.parametrize(
    "field",
    [
        *({"seed": -1}, {"width": 0}, {"frames": 0}, {"epochs": 0}, {"batch_size": 1}, {"processes": 0}),
        *({"learning_rate": 0.0}, {"learning_rate": float("inf")}, {"learning_rate": float("nan")}),
        *({"weight_decay": -1.0}, {"patience": -1}, {"warm_up": -1}, {"warm_up": 60}, {"label_smoothing": 1.0}),
        *({"stream": "bones"}, {"optimizer": "adam"}, {"schedule": "none"}, {"precision": "fp16"}, {"device": "tpu"}),
        *({"augmentations": ("mirror", "shear")}, {"augmentations": "mirror"}),
    ],
    ids=str,
)
def test_a_bad_option_is_refused(field):
    with pytest.raises(ConfigError, match=f"^{next(iter(field))} of an encoder's training should be"):
        inspect.unwrap(EncoderTraining.__init__)(EncoderTraining(), **field)  # types are checked in tests only
