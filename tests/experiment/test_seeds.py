"""Several seeds at once: order, interruption, and workers that outlive nobody."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gzssar.errors import OutputError
from gzssar.experiment.seeds import run_seeds

SLEEPER = """
import os, signal, sys, time
from pathlib import Path
from gzssar.experiment.seeds import run_seeds

def one(folder, seed, progress=None):
    (Path(folder) / f"{seed}.{os.getpid()}").touch()
    time.sleep(600)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
    for record in run_seeds(one, sys.argv[1], range(4), jobs=2, progress=None):
        pass
"""


def square(factor, seed, progress=None):
    return factor * seed**2


def fail(factor, seed, progress=None):
    os._exit(3)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_seed_runs_once(jobs):
    assert sorted(run_seeds(square, 10, [1, 2, 3, 4, 5], jobs, None)) == [10, 40, 90, 160, 250]


def test_a_lost_worker_is_said_so():
    with pytest.raises(OutputError, match="a worker process ended before its seed was done"):
        list(run_seeds(fail, 10, [1, 2], 2, None))


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent(tmp_path, with_signal):
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    folder = tmp_path / "started"
    folder.mkdir()
    parent = subprocess.Popen([sys.executable, script, folder], stderr=subprocess.PIPE)
    while len(started := list(folder.iterdir())) < 2:
        assert parent.poll() is None, parent.stderr.read()
        time.sleep(0.05)
    parent.send_signal(with_signal)
    parent.communicate(timeout=60)
    workers = [int(path.name.split(".")[1]) for path in started]
    deadline = time.monotonic() + 30
    while any(is_running(worker) for worker in workers):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.05)
    assert len(list(folder.iterdir())) == 2, "a waiting seed was begun after the interruption"


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not is_zombie(pid)


def is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
