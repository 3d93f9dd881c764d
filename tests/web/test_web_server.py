"""`gzssar serve` as people start and end it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest
from web_camera import bright_hand
from web_recognizer import FakeRecognizer
from web_server import npz_bytes

from gzssar.errors import ConfigError, MissingExtraError, TextError
from gzssar.web.limits import Limits
from gzssar.web.server import serve, warm_up
from toy_encoder import ToyEncoder

_SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
from web_recognizer import FakeRecognizer
from gzssar.web.limits import Limits
from gzssar.web.server import serve
serve(FakeRecognizer(synthetic=False), "127.0.0.1", 0, Limits(), False, {})
"""


def serve_at(host="127.0.0.1", port=0):
    serve(FakeRecognizer(), host, port, Limits(), False, {})


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1 should be free .* --port"):
            serve_at(port=port)


def test_an_address_that_is_not_ours():
    with pytest.raises(ConfigError, match="--host"):
        serve_at("192.0.2.1")
    with pytest.raises(ConfigError, match="--host"):
        serve_at("no such host.invalid")


class Made(Exception):
    """The app would be made now."""


@pytest.mark.parametrize(
    ("host", "camera", "taken"),
    [("127.0.0.1", False, True), ("127.0.0.1", True, True), ("0.0.0.0", False, False), ("0.0.0.0", True, True)],
)
def test_cameras_of_others_are_taken_only_where_the_server_is_told(monkeypatch, host, camera, taken):
    def create(*given):
        raise Made(given[-1])

    monkeypatch.setattr("gzssar.web.app.create_app", create)
    with pytest.raises(Made) as made:
        serve(FakeRecognizer(), host, 0, Limits(), False, {}, bright_hand, camera)
    assert made.value.args == (bright_hand if taken else None,)


@pytest.mark.parametrize("module", ["uvicorn", "wsproto"])
def test_without_the_extra(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gzssar\[web\]'"):
        serve_at()


def test_it_serves_until_ctrl_c_and_ends_quietly():
    command = [sys.executable, "-c", _SERVE, str(Path(__file__).parent)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            line = server.stdout.readline()
            address = line.split()[2]
            assert address.startswith("http://127.0.0.1:")
            assert httpx2.get(f"{address}/healthz", timeout=30).json() == {"status": "ok"}
            assert httpx2.get(f"{address}/healthz", headers={"Host": "evil.example"}, timeout=30).status_code == 403
            server.send_signal(signal.SIGINT)
            printed, errors = server.communicate(timeout=30)
        finally:
            server.kill()
    assert server.returncode == 0
    assert (printed, errors) == ("", "")


def test_nothing_of_an_upload_outlives_sigterm(tmp_path):
    command = [sys.executable, "-c", _SERVE, str(Path(__file__).parent)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            address = server.stdout.readline().split()[2]
            answer = httpx2.post(f"{address}/api/clip", files={"clip": ("a.npz", npz_bytes())}, timeout=60)
            assert answer.status_code == 200
            assert list(tmp_path.glob("gzssar-uploads-*"))
            server.send_signal(signal.SIGTERM)
            server.wait(30)
        finally:
            server.kill()
    assert not list(tmp_path.glob("gzssar-uploads-*"))


def test_encoders_load_in_the_background_and_a_failure_there_is_nobody_s():
    used = threading.Event()

    class Failing(ToyEncoder):
        def encode(self, texts, truncate=False):
            raise TextError("not here")

    class Watched(ToyEncoder):
        def encode(self, texts, truncate=False):
            used.set()
            return super().encode(texts, truncate)

    vectors = {"warm": (1.0, 0.0)}
    warm_up([Failing(vectors), Watched(vectors)])
    assert used.wait(10)
