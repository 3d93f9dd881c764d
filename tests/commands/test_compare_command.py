import json

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.evaluation.protocol import GzslAnswers, evaluate
from gzssar.evaluation.record import SeedRecord, save_record

LABELS = np.repeat(np.arange(6), 10)
SEEN = LABELS < 4


def run(folder, seeds, labels=LABELS):
    """What `gzssar run` would leave of seeds whose answers are right at random."""
    for seed in seeds:
        rng = np.random.default_rng((seed, len(folder.name)))
        said = np.where(rng.random(len(labels)) < 0.7, labels, np.where(labels < 4, 0, 4))
        answers = GzslAnswers(
            labels, labels < 4, np.minimum(said, 3), np.maximum(said, 4), rng.random(len(labels)), 0.5
        )
        scores = evaluate(answers, labels[labels > 3], answers.unseen_predictions[labels > 3])
        nowhere = np.zeros((len(labels), 0)), np.zeros((6, 0))
        save_record(folder / "seeds" / f"{seed}.npz", SeedRecord(seed, scores, 1.0, answers, *nowhere))
    return str(folder)


def test_two_runs_side_by_side(tmp_path, capsys):
    arguments = [run(tmp_path / "a", (0, 1)), run(tmp_path / "bb", (0, 1, 2))]
    main(["compare", *arguments, "-o", str(tmp_path / "out.json")])
    said = " ".join(capsys.readouterr().out.split())
    assert "A − B over clips over classes" in said
    assert "means over 2 and 3 seeds, on 60 test clips" in said
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["seeds"] == [[0, 1], [0, 1, 2]]
    assert [one["metric"] for one in told["differences"]] == [
        "zsl_accuracy", "seen_accuracy", "unseen_accuracy", "harmonic_mean"
    ]  # fmt: skip
    for one in told["differences"]:
        assert one["a"] - one["b"] == pytest.approx(one["difference"])
        assert one["over_clips"][0] < one["difference"] < one["over_clips"][1]


def test_means_are_those_of_the_runs_themselves(tmp_path):
    from gzssar.evaluation.summary import summarise
    from gzssar.experiment.folder import finished_records

    a, b = run(tmp_path / "a", (0, 1)), run(tmp_path / "bb", (0,))
    main(["compare", a, b, "-o", str(tmp_path / "out.json")])
    mean = summarise(finished_records(tmp_path / "a"))["mean"]
    for one in json.loads((tmp_path / "out.json").read_text())["differences"]:
        assert one["a"] == pytest.approx(mean[one["metric"]])


def test_runs_on_other_clips_and_what_is_no_run_are_refused(tmp_path, capsys):
    a, b = run(tmp_path / "a", (0,)), run(tmp_path / "b", (0,), labels=np.append(LABELS, 5))
    for other, said in ((b, "one has 60 and the other 61"), (str(tmp_path), "holds no seeds")):
        with pytest.raises(SystemExit) as ended:
            main(["compare", a, other])
        assert ended.value.code == 2
        assert said in " ".join(capsys.readouterr().err.split())
