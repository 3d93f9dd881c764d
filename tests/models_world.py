"""A made-up model, and a server on loopback that gives its files."""

import hashlib
import sys
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gzssar.models import Model, ModelFile

HOMES = (
    "gzssar.models.registry",
    "gzssar.encoders.weights",
    "gzssar.commands.models",
    "gzssar.recognizer.card",
    "gzssar.recognizer.hub",
)
"""Modules that look at all models."""


def model_of(contents, address="http://127.0.0.1:9/", streams=("joint", "bone")):
    """A model whose files have such contents, by name."""
    files = tuple(
        ModelFile(name, len(content), hashlib.sha256(content).hexdigest(), stream)
        for (name, content), stream in zip(contents.items(), streams, strict=True)
    )
    encoder = {"class_count": 3, "texts": "synthetic", "frames": 16, "fps": 30.0}
    return Model("toy", "a toy", "CC0-1.0", "no terms", ("Nobody, 2026",), address, files, **encoder)


def known(monkeypatch, *models):
    """These are all models that there are."""
    for home in HOMES:
        __import__(home)
        monkeypatch.setattr(sys.modules[home], "known_models", lambda kind="encoder": models)


class Server:
    """Gives files by name, and notes what was asked for."""

    def __init__(self, contents):
        self.contents, self.asked, self.broken, self.status = dict(contents), [], set(), 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.removeprefix("/some%20folder/")
                outer.asked.append(name)
                if outer.status != 200 or name not in outer.contents:
                    self.send_error(outer.status if outer.status != 200 else 404)
                    return
                content = outer.contents[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with suppress(ConnectionError):  # a client that has enough
                    self.wfile.write(content[: len(content) // 2] if name in outer.broken else content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/some%20folder/"


@contextmanager
def serving(contents):
    """A server of these contents while the block runs."""
    served = Server(contents)
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.server.shutdown()
        thread.join()
        served.server.server_close()
