"""What the tests of the web page share: an app around a fake, a real server in a thread, and clips as files."""

import io
import socket
import threading
import time
from contextlib import contextmanager

import numpy as np
import uvicorn
from starlette.testclient import TestClient
from web_recognizer import FakeRecognizer

from gzssar.synthetic import SyntheticWorld
from gzssar.web.app import create_app
from gzssar.web.samples import synthetic_samples

SAMPLES = synthetic_samples()


def client(recognizer=None, samples=SAMPLES, raises=True, **options):
    """A client of an app; nothing goes through a socket."""
    app = create_app(recognizer or FakeRecognizer(), samples=samples, **options)
    return TestClient(app, raise_server_exceptions=raises)


@contextmanager
def running(recognizer=None, samples=SAMPLES, **options):
    """The address of a real server on this machine."""
    app = create_app(recognizer or FakeRecognizer(), samples=samples, hosts=("127.0.0.1", "localhost"), **options)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def csv_bytes(frames=6, joints=25, seed=0):
    """A walkless skeleton as a plain table: every joint somewhere of its own."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(1, joints * 3)) + rng.normal(scale=0.05, size=(frames, joints * 3))
    return "\n".join(",".join(f"{value:.4f}" for value in row) for row in places).encode()


def npz_bytes(clips=1, frames=8, bodies_as_layout="ntu25"):
    """Clips of the synthetic world in a uniform archive."""
    drawn = SyntheticWorld(seed=3, clips_per_class=1, frames=frames, subject_count=1).clips()
    joints = np.concatenate([drawn.joints[k, ..., 0].transpose(1, 2, 0) for k in range(clips)])
    from gzssar.skeletons.layout import LAYOUTS

    buffer = io.BytesIO()
    np.savez(
        buffer,
        joints=joints,
        offsets=np.arange(clips + 1) * frames,
        joint_names=np.array(LAYOUTS[bodies_as_layout].joint_names),
        fps=np.float32(20),
    )
    return buffer.getvalue()


def npy_bytes(array):
    """A plain numpy array."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def two_bodies(frames=12):
    """(M, T, V, C): two synthetic performers who stand side by side."""
    drawn = SyntheticWorld(seed=4, clips_per_class=1, frames=frames, subject_count=1).clips()
    one, other = (drawn.joints[k, ..., 0].transpose(1, 2, 0) for k in (7, 23))
    return np.stack([one, other + np.array([0.9, 0, 0], dtype=np.float32)])
