"""`gzssar serve`: the page behind uvicorn, on this machine alone unless it is told otherwise."""

import ipaddress
import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from gzssar.errors import ConfigError, MissingExtraError
from gzssar.recognizer import Recognizer
from gzssar.texts.encoders import TextEncoder
from gzssar.web.limits import ServeConfig

if TYPE_CHECKING:
    from gzssar.web.samples import Samples

_LOCAL = ("localhost", "127.0.0.1", "::1")
_CONNECTIONS = 256
_GOODBYE_S = 3


def serve(recognizer: Recognizer, config: ServeConfig) -> None:
    """Serve a recognizer until Ctrl-C.

    Raises:
        MissingExtraError: FastAPI or uvicorn is not installed.
        ConfigError: the address or the port cannot be had.
        DataError: the samples cannot be read.
    """
    try:
        import uvicorn

        from gzssar.web.app import create_app
    except ImportError as error:
        raise MissingExtraError(
            f"the web page needs {error.name or 'an extra'}, which is not installed: pip install 'gzssar[web]'"
        ) from error
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every malformed form
    samples = offered(recognizer, config)
    with _listening(config.host, config.port) as listener:
        host, port = listener.getsockname()[:2]
        app = create_app(recognizer, config.limits, config.shared, samples, _hosts(config.host))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=_GOODBYE_S,
            )
        )
        print(f"Serving at http://{_address(host)}:{port} (Ctrl-C ends)", flush=True)
        if not _is_local(config.host):
            print(f"Everyone who can reach {config.host} can use it.", file=sys.stderr, flush=True)
        with suppress(KeyboardInterrupt):  # which is how one ends it
            server.run(sockets=[listener])


def warm_up(encoders: Sequence[TextEncoder]) -> None:
    """Let encoders load what they need in the background, so that the first visitor who adds a class need not wait."""

    def load() -> None:
        for encoder in encoders:
            with suppress(Exception):  # whoever encodes next is told
                encoder.encode(["warm up"])

    threading.Thread(target=load, daemon=True).start()


def offered(recognizer: Recognizer, config: ServeConfig) -> "Samples":
    """The clips to offer: of the folder asked for, else the model's own, else synthetic ones for a synthetic model.

    Raises:
        DataError: the folder cannot be read.
    """
    from gzssar.web.samples import load_samples, synthetic_samples

    own = config.model / "samples" if config.model else None
    if (folder := config.samples or own) and (config.samples or folder.is_dir()):
        return load_samples(folder)
    return synthetic_samples() if recognizer.synthetic else {}


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number is not None and number > 0 else str(error)
        raise ConfigError(
            f"port {port} of {host} should be free for the page, but it cannot be had ({reason}): name another with "
            "--port, or another address with --host."
        ) from error


def _hosts(host: str) -> tuple[str, ...] | None:
    """Names that requests may ask for: known for a server on this machine, any for one in a network."""
    return tuple(dict.fromkeys((*_LOCAL, host))) if _is_local(host) else None


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
