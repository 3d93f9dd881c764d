"""`gzssar texts` as a user calls it. Encoders are toys here; what the real ones do stands in tests/texts."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gzssar.cli import main
from gzssar.commands.texts import CheckTexts
from gzssar.errors import ConfigError
from gzssar.texts.encoders import TextEncoder
from gzssar.texts.features import read_text_tables


class Letters:
    """Counts letters; a letter is a token."""

    revision = "1"
    dimension = 26

    def __init__(self, name: str, template: str) -> None:
        self.name = name
        self.token_limit = 10 if name == "short" else 500
        self.template = template

    def token_count(self, text: str) -> int:
        return len(text)

    def fitting(self, text: str) -> str:
        return text[: self.token_limit]

    def encode(self, texts, truncate=False) -> np.ndarray:
        letters = "abcdefghijklmnopqrstuvwxyz"
        return np.array([[self.template.format(text).count(letter) for letter in letters] for text in texts], "f4")


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    monkeypatch.setattr(
        "gzssar.texts.encoding.load_text_encoder", lambda spec, template="{}", cache=None: Letters(spec, template)
    )


@pytest.fixture
def table(tmp_path) -> Path:
    return written(
        tmp_path / "table.csv",
        ("wave", "greet somebody", "the hand moves"),
        ("sit down", "rest on a chair", "hips and knees bend"),
        ("jump", "leave the ground", "both legs push off"),
    )


def written(path: Path, *rows: tuple[str, str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "label", "action", "motion"), *((k, *row) for k, row in enumerate(rows))])
    return path


def exit_code(*arguments: str | Path) -> int:
    try:
        main(["texts", *map(str, arguments)])
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def test_the_toy_is_an_encoder():
    toy: TextEncoder = Letters("toy", "{}")
    assert toy.encode(["ab"]).shape == (1, toy.dimension)


def test_check_says_what_it_found_and_ends_well(table, capsys):
    assert exit_code("check", table, "--fail") == 0
    printed = capsys.readouterr().out
    assert "Most confusable pairs under minilm" in printed
    assert "wave (0)" in printed
    assert printed.splitlines()[-1].startswith(
        "No problems were found (3 classes, minilm; the most similar by the fusion"
    )
    assert "Similarities:" not in printed


def test_check_draws_and_lists_all_pairs(table, tmp_path, capsys):
    assert exit_code("check", table, "-o", tmp_path / "out", "--pairs", "0") == 0
    printed = capsys.readouterr().out
    assert "Most confusable" not in printed
    assert printed.splitlines()[-1] == f"Similarities: {tmp_path}/out/pairs.csv, {tmp_path}/out/similarity.png"
    assert len((tmp_path / "out" / "pairs.csv").read_text().splitlines()) == 1 + 4 * 3
    assert (tmp_path / "out" / "similarity.png").read_bytes().startswith(b"\x89PNG")


WRONG = {
    "missing": (
        (("wave", "greet", ""), ("jump", "leave the ground", "push off")),
        "wave (0) should have a motion text",
    ),
    "duplicate": ((("wave", "greet", "arm moves"), ("jump", "greet", "legs move")), "have the same action text"),
    "near-duplicates": ((("ab", "cd", "ef"), ("ba", "dc", "fe")), "nearly the same by the fusion of all texts"),
}


@pytest.mark.parametrize(("rows", "said"), WRONG.values(), ids=WRONG)
def test_with_fail_findings_are_an_exit_code(tmp_path, capsys, rows, said):
    table = written(tmp_path / "wrong.csv", *rows)
    assert exit_code("check", table) == 0
    assert exit_code("check", table, "--fail") == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert printed.splitlines()[-1].startswith("Problems were found")


def test_over_long_texts_do_not_stop_the_check(table, capsys):
    assert exit_code("check", table, "--encoder", "short", "--fail") == 1
    printed = capsys.readouterr().out
    assert (
        "The action text of wave (0) has 14 tokens, but short reads 10: shorten it, or it ends before “body”."
        in printed
    )


def test_a_table_without_any_kind_for_all_classes(tmp_path, capsys):
    table = written(tmp_path / "holes.csv", ("wave", "", ""), ("", "sit", "bend"))
    assert exit_code("check", table, "-o", tmp_path / "out") == 0
    assert "nothing to compare" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pairs.csv"]


def test_arguments_of_check_are_checked():
    with pytest.raises(ConfigError, match="--pairs is how many to show"):
        CheckTexts("table.csv", pairs=-1)
    with pytest.raises(ConfigError, match="--threshold is a cosine"):
        CheckTexts("table.csv", threshold=95.0)


def test_a_table_that_is_not_there_is_one_sentence(capsys):
    assert exit_code("check", "nowhere.csv") == 2
    assert capsys.readouterr().err.startswith("gzssar: nowhere.csv ")


def test_encode_writes_what_run_reads(table, tmp_path, capsys):
    assert exit_code("encode", table, "-o", tmp_path / "out", "--template", "zzz {}") == 0
    tables = read_text_tables(tmp_path / "out", ("lb", "ad", "md"), 3)
    assert {kind: features.shape for kind, features in tables.items()} == dict.fromkeys(("lb", "ad", "md"), (3, 26))
    np.testing.assert_array_equal(tables["lb"][0, [0, 4, 21, 22, 25]], [1, 1, 1, 1, 3])
    about = json.loads((tmp_path / "out" / "encoding.json").read_text())
    assert (about["encoder"], about["revision"], about["template"]) == ("minilm", "1", "zzz {}")
    assert capsys.readouterr().out.splitlines() == [
        "Encoded by minilm: lb_3.npy, ad_3.npy, md_3.npy",
        f"For gzssar run: --text-features {tmp_path}/out",
    ]


def test_several_encoders_get_a_folder_each(table, tmp_path, capsys):
    assert exit_code("encode", table, "-o", tmp_path / "out", "--encoder", "minilm", "some/model@main") == 0
    folders = [tmp_path / "out" / name for name in ("minilm", "some-model-main")]
    assert all(read_text_tables(folder, ("lb",), 3)["lb"].shape == (3, 26) for folder in folders)
    assert f"--text-features {folders[0]} {folders[1]}" in capsys.readouterr().out


def test_kinds_that_a_table_lacks_are_left_out_and_do_not_stay(table, tmp_path, capsys):
    assert exit_code("encode", table, "-o", tmp_path / "out") == 0
    written(table, ("wave", "", "the hand moves"), ("sit down", "", "knees bend"), ("jump", "", "legs push off"))
    assert exit_code("encode", table, "-o", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["encoding.json", "lb_3.npy", "md_3.npy"]
    assert "has no action texts" in capsys.readouterr().out


def test_a_kind_that_some_classes_lack_is_refused(table, tmp_path, capsys):
    written(table, ("wave", "greet", "the hand moves"), ("sit down", "", "knees bend"))
    assert exit_code("encode", table, "-o", tmp_path / "out") == 2
    assert "action" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_text_features_of_others_are_not_overwritten(table, tmp_path, capsys):
    (tmp_path / "lb_3.npy").write_bytes(b"years of work")
    assert exit_code("encode", table, "-o", tmp_path) == 2
    assert "lb_3.npy should be a new file, but it is there already" in capsys.readouterr().err
    assert (tmp_path / "lb_3.npy").read_bytes() == b"years of work"


def test_new_writes_a_table_that_check_finds_unfinished(tmp_path, capsys):
    out = tmp_path / "texts.csv"
    assert exit_code("new", "--labels", "wave, sit down", "-o", out) == 0
    assert capsys.readouterr().out.startswith(f"2 classes to describe: {out}\n")
    assert exit_code("check", out, "--fail") == 1
    assert "No class has a motion text" in capsys.readouterr().out


def test_fill_passes_the_key_on_and_says_how_much_was_written(table, capsys, monkeypatch):
    told = []

    def fill_texts(path, url, model, key, progress=None) -> int:
        told.append((path, url, model, key))
        return 4

    monkeypatch.setattr("gzssar.texts.authoring.filling.fill_texts", fill_texts)
    monkeypatch.setenv("MY_KEY", "secret")
    assert exit_code("fill", table, "--url", "http://host/v1", "--model", "m", "--key-variable", "MY_KEY") == 0
    assert told == [(table, "http://host/v1", "m", "secret")]
    printed = capsys.readouterr().out
    assert "4 texts written by m" in printed
    assert "secret" not in printed


HEAVY = ("torch", "matplotlib", "transformers", "sentence_transformers", "sklearn", "scipy")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["texts", "--help"], ["texts", "check", "--help"], ["texts", "new", "--labels", "a,b"]]
)
def test_help_and_new_are_instant(arguments, tmp_path):
    code = f"""
import sys
from gzssar.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["check", "new", "fill", "encode"])
def test_each_command_has_help(command, capsys):
    assert exit_code(command, "--help") == 0
    assert f"gzssar texts {command}" in capsys.readouterr().out
