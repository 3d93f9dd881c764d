import json

import pytest

from gzssar.cli import main
from synse_folder import write_synse_folder


@pytest.fixture
def run(tmp_path):
    """Runs ridge on a toy world, and tells where."""

    def run(name, world=0, **folder):
        root = write_synse_folder(tmp_path / f"world {name}", seed=world, **folder)
        out = tmp_path / name
        texts = ["--text-features", str(root / "texts")]
        main(["run", "--synse", str(root), *texts, "--recipe", "ridge", "--seeds", "2", "--out", str(out)])
        return str(out)

    return run


def test_two_runs_side_by_side(run, tmp_path, capsys):
    a, b = run("a"), run("b", world=1)
    capsys.readouterr()
    main(["compare", a, b, "-o", str(tmp_path / "out.json")])
    said = capsys.readouterr().out
    assert "A − B" in said
    assert "means over 2 and 2 seeds" in " ".join(said.split())
    told = json.loads((tmp_path / "out.json").read_text())
    scores = [json.loads((tmp_path / name / "scores.json").read_text())["mean"] for name in "ab"]
    for one in told["differences"]:
        assert one["a"] == pytest.approx(scores[0][one["metric"]])
        assert one["difference"] == pytest.approx(scores[0][one["metric"]] - scores[1][one["metric"]])
        assert one["over_clips"][0] <= one["difference"] <= one["over_clips"][1]


def test_runs_on_other_clips_and_what_is_no_run_are_refused(run, tmp_path, capsys):
    a, b = run("a"), run("b", per_class=7)
    for other, said in ((b, "compared on the same test clips"), (str(tmp_path), "holds no seeds")):
        with pytest.raises(SystemExit) as ended:
            main(["compare", a, other])
        assert ended.value.code == 2
        assert said in " ".join(capsys.readouterr().err.split())
