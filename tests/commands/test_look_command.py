"""``gzssar inspect``: how it ends."""

import json

import numpy as np
import pytest

from gzssar.cli import main


def write_clip(path):
    path.write_text(json.dumps({"skeletons": np.random.default_rng(0).normal(size=(4, 20, 3)).tolist()}))


def test_where_something_can_be_read_it_ends_well_and_names_the_rest(tmp_path, capsys):
    write_clip(tmp_path / "clip.json")
    (tmp_path / "bad.json").write_text('{"skeletons": []}')
    np.savetxt(tmp_path / "forces.csv", np.ones((4, 75)), delimiter=",")
    main(["inspect", str(tmp_path)])
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 2" in said
    assert "The reader finds errors in 1 clip: bad.json." in said
    assert "Left out, because they may be tables of other numbers: forces.csv." in said


def test_where_nothing_can_be_read_it_says_so_by_its_exit_code(tmp_path, capsys):
    (tmp_path / "bad.json").write_text('{"skeletons": []}')
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(tmp_path)])
    assert ended.value.code == 1
    assert "0 of 1" in capsys.readouterr().out
