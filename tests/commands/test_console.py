"""What commands show while they work."""

import threading
import time

import pytest

from gzssar.commands import console
from gzssar.commands.console import waiting


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")


def test_long_work_shows_what_is_waited_for(terminal, monkeypatch, capsys):
    monkeypatch.setattr(console, "_PATIENCE", 0.0)
    shown, give_up = "", time.monotonic() + 60
    with waiting("reading [b]walk[/b]\x1b[2J.json"):
        while "reading" not in shown and time.monotonic() < give_up:
            time.sleep(0.01)
            shown += capsys.readouterr().err
    assert "reading [b]walk[/b]\\x1b[2J.json" in shown
    assert "elapsed" in shown


@pytest.mark.parametrize("patience", [0.0, 1e6])
def test_work_that_fails_ends_the_wait(patience, terminal, monkeypatch):
    monkeypatch.setattr(console, "_PATIENCE", patience)
    before = set(threading.enumerate())
    with pytest.raises(ValueError, match="malformed"), waiting("reading walk.json"):
        raise ValueError("malformed")
    give_up = time.monotonic() + 60
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < give_up, left
        time.sleep(0.01)


def test_short_work_and_work_without_a_terminal_show_nothing(terminal, monkeypatch, capsys):
    monkeypatch.setattr(console, "_PATIENCE", 1e6)
    with waiting("reading walk.json"):
        pass
    monkeypatch.setattr(console, "_PATIENCE", 0.0)
    monkeypatch.delenv("FORCE_COLOR")
    with waiting("reading walk.json"):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""
