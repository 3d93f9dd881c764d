import json

import numpy as np
import pytest

from gzssar.errors import OutputError
from gzssar.evaluation.protocol import GzslAnswers, evaluate
from gzssar.evaluation.record import SeedRecord
from gzssar.experiment.folder import RunFolder

HOW = {"seeds": [0], "command": "gzssar run"}
WHO = {"experiment": {"text": "lb"}, "recipe": {"name": "toy"}}


def record(seed):
    labels = np.array([0, 0, 9, 9])
    answers = GzslAnswers(labels, labels == 0, 0 * labels, 0 * labels + 9, np.array([0.9, 0.2, 0.1, 0.4]), 0.5)
    scores = evaluate(answers, np.array([9, 9]), np.array([9, 9]))
    return SeedRecord(seed, scores, 1.0, answers, np.zeros((4, 2)), np.zeros((10, 2)), {"step": np.arange(2)}, {})


def test_nothing_is_written_before_a_seed_is_done(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "toy", WHO, HOW)
    assert not (tmp_path / "runs").exists()
    folder.save(record(3))
    assert sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*.*")) == [
        "config.json",
        "seeds/3.npz",
    ]


def test_the_same_run_goes_on_where_it_stopped(tmp_path):
    RunFolder(tmp_path / "toy", WHO, HOW).save(record(3))
    again = RunFolder(tmp_path / "toy", WHO, HOW)
    assert again.record(4) is None
    assert again.record(3).scores == record(3).scores
    there = json.loads((tmp_path / "toy" / "config.json").read_text())
    assert there["fingerprint"] == again.fingerprint
    assert there["experiment"] == WHO["experiment"]


def test_another_run_is_told_what_differs(tmp_path):
    RunFolder(tmp_path / "toy", WHO, HOW).save(record(3))
    with pytest.raises(OutputError, match=r"results of another run, which differs in recipe \(see its config\.json\)"):
        RunFolder(tmp_path / "toy", {**WHO, "recipe": {"name": "other"}}, HOW)


def test_fingerprints_tell_runs_apart(tmp_path):
    first, same, other = (
        RunFolder(tmp_path / "toy", who, {}).fingerprint
        for who in (WHO, dict(reversed(WHO.items())), {**WHO, "recipe": 1})
    )
    assert first == same != other


def test_what_a_kill_left_over_is_no_other_file(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / ".config.json.abc.part").write_text("{")
    RunFolder(tmp_path / "toy", WHO, HOW).save(record(0))
    assert RunFolder(tmp_path / "toy", WHO, HOW).record(0) is not None


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    folder = RunFolder(tmp_path / "toy", WHO, HOW)
    (tmp_path / "toy").write_text("came in between")
    with pytest.raises(OutputError, match=r"toy cannot be written .* name another folder"):
        folder.save(record(0))
