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
from gzssar.skeletons.poses import FindPoses
from gzssar.texts.encoders import TextEncoder
from gzssar.web.limits import MIB, Limits

if TYPE_CHECKING:
    from gzssar.web.samples import Samples

_LOCAL = ("localhost", "127.0.0.1", "::1")
_IDLE_CONNECTIONS = 256
"""Beyond those that the limits allow requests on; uvicorn closes any more with a line of plain text."""
_GOODBYE_S = 3
_LARGEST_MESSAGE = MIB
"""Of a camera's connection: a picture, or a visitor's classes."""


def serve(
    recognizer: Recognizer,
    host: str,
    port: int,
    limits: Limits,
    shared: bool,
    samples: "Samples",
    find_poses: FindPoses | None = None,
    camera: bool = False,
) -> None:
    """Serve a recognizer until Ctrl-C.

    Args:
        recognizer: what answers.
        host: address to listen on.
        port: 0 takes a free one.
        limits: of what visitors may ask for.
        shared: classes that a visitor adds are there for all.
        samples: clips that the page offers.
        find_poses: what finds people in videos and in the pictures of cameras.
        camera: let visitors from elsewhere use their cameras and send videos, where `host` lets them in.

    Raises:
        MissingExtraError: FastAPI, uvicorn or wsproto is not installed.
        ConfigError: the address or the port cannot be had.
    """
    try:
        import uvicorn
        import wsproto  # noqa: F401  # by which uvicorn speaks with cameras

        from gzssar.web.app import create_app
    except ImportError as error:
        raise MissingExtraError(
            f"the web page needs {error.name or 'an extra'}, which is not installed: pip install 'gzssar[web]'"
        ) from error
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every malformed form
    with _listening(host, port) as listener:
        address, port = listener.getsockname()[:2]
        hosts = dict.fromkeys((*_LOCAL, host)) if _is_local(host) else None  # any, where others are to reach it
        shown = f"[{address}]" if ":" in address else address
        poses = find_poses if camera or _is_local(host) else None
        app = create_app(recognizer, limits, shared, samples, hosts, poses)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                limit_concurrency=limits.max_requests + _IDLE_CONNECTIONS,
                ws="wsproto",
                ws_max_size=_LARGEST_MESSAGE,
                ws_per_message_deflate=False,  # pictures are packed already
                timeout_graceful_shutdown=_GOODBYE_S,
            )
        )
        print(f"Serving at http://{shown}:{port} (Ctrl-C ends)", flush=True)
        if not _is_local(host):
            print(f"Everyone who can reach {host} can use it.", file=sys.stderr, flush=True)
        with suppress(KeyboardInterrupt):  # which is how one ends it
            server.run(sockets=[listener])


def warm_up(encoders: Sequence[TextEncoder]) -> None:
    """Let encoders load what they need in the background, so that the first visitor who adds a class need not wait."""

    def load() -> None:
        for encoder in encoders:
            with suppress(Exception):  # whoever encodes next is told
                encoder.encode(["warm up"])

    threading.Thread(target=load, daemon=True).start()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number is not None and number > 0 else str(error)
        raise ConfigError(
            f"port {port} of {host} should be free for the page, but it cannot be used ({reason}): name another with "
            "--port, or another address with --host."
        ) from error


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
