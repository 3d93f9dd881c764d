import ast
import functools
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gzssar import cli
from gzssar.commands.doctor import PURPOSES
from gzssar.experiment.config import ExperimentConfig


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_example_of_a_command_is_one_of_its_command_lines(name, monkeypatch):
    command, calls = cli.COMMANDS[name], []

    @functools.wraps(command.call)
    def note(*arguments, **named):
        calls.append((arguments, named))

    monkeypatch.setitem(cli.COMMANDS, name, cli.Command(note, command.example))
    program, *arguments = shlex.split(command.example)
    cli.main(arguments)
    assert (program, arguments[0], len(calls)) == ("gzssar", name, 1)


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_lists_all_commands_in_groups_with_an_example_each(arguments, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    cli.main(arguments)
    printed = capsys.readouterr().out
    listed = re.findall(r"^  (\S+)  ", printed, re.MULTILINE)
    assert listed == list(cli.COMMANDS)
    places = [printed.index(f"\n{group} ") for group in cli.GROUPS]
    assert places == sorted(places)
    assert all(command.example in printed for command in cli.COMMANDS.values())


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_of_a_command_ends_with_its_example(name, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])
    assert end.value.code in (0, None)
    assert capsys.readouterr().out.endswith(f"\nExample: {cli.COMMANDS[name].example}\n")


def test_help_flows_to_the_width_of_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    docstring = ast.parse(inspect.getsource(ExperimentConfig)).body[0].body[2].value.value
    assert "\n" in docstring
    assert " ".join(docstring.split()) in capsys.readouterr().out


@pytest.mark.parametrize("name", cli.SUBCOMMANDS)
def test_help_of_a_subcommand_ends_with_an_example_of_its_own(name, capsys):
    with pytest.raises(SystemExit):
        cli.main([*name.split(), "--help"])
    example = capsys.readouterr().out.splitlines()[-1]
    assert example == f"Example: {cli.SUBCOMMANDS[name]}"
    assert example.startswith(f"Example: gzssar {name}")


def test_a_wrong_argument_shows_no_example(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["show", "--no-such-thing"])
    captured = capsys.readouterr()
    assert end.value.code == 2
    assert "Example" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("given", "advised"),
    [(["predict", "--nosuch"], "gzssar predict"), (["models", "bad"], "gzssar models"), (["--nosuch"], "gzssar")],
)
def test_a_wrong_argument_advises_the_help_of_its_command(given, advised, capsys):
    with pytest.raises(SystemExit):
        cli.main(given)
    assert f"run {advised} --help" in " ".join(capsys.readouterr().err.split())


def test_doctor_says_what_each_extra_is_for_and_what_to_install(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("gzssar.commands.doctor._version", lambda name: None if name == "c3d" else "1")
    cli.main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert "c3d    pip install 'gzssar[c3d]' · read C3D files (missing: c3d)" in [line.rstrip() for line in lines]
    assert any(line.startswith("web    installed · open the web page") for line in lines)
    assert any(line.startswith("ntu120") for line in lines)
    assert "utd-mhad comes with the package" in [" ".join(line.split()) for line in lines]


def test_doctor_says_how_to_install_what_an_extra_cannot_ask_for(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("gzssar.commands.doctor._version", lambda name: None if name == "mediapipe" else "1")
    cli.main(["doctor"])
    beside = "pip install --no-deps mediapipe==0.10.21 (Python 3.12 or older)"
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert f"pose   {beside} · read videos and cameras (missing: mediapipe)" in lines
    monkeypatch.setattr("gzssar.commands.doctor._version", lambda name: None)
    cli.main(["doctor"])
    assert f"pose   pip install 'gzssar[pose]' and then {beside}" in capsys.readouterr().out
    monkeypatch.setattr("gzssar.commands.doctor._version", lambda name: "1")
    cli.main(["doctor"])
    assert "pose   installed · read videos and cameras" in capsys.readouterr().out


def test_doctor_knows_every_extra():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(PURPOSES) == set(project["optional-dependencies"]) - {"dev"}


def test_a_full_disk_behind_standard_output_is_named():
    code = "from gzssar.cli import main; main(['models', 'list'])"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "gzssar: the standard output cannot be read or written (No space left on device).\n"


def test_an_error_about_a_hostile_name_is_safe_to_print(tmp_path, capsys):
    path = tmp_path / "\x1b[2Jx.csv"
    path.write_text("no clip")
    with pytest.raises(SystemExit, match="2"):
        cli.main(["inspect", str(path)])
    told = capsys.readouterr().err
    assert r"\x1b[2Jx.csv" in told
    assert told.rstrip("\n").isprintable()
