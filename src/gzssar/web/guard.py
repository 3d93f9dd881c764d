"""Who may ask, how much a request may hold, and what browsers are told: one ASGI middleware around all routes."""

import asyncio
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gzssar.web.limits import MIB, Limits
from gzssar.web.workers import busy

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Headers of every response."""

UPLOADS = ("/api/predict", "/api/explain", "/api/clip", "/api/video", "/api/teach")
"""Routes that take a file."""

_SMALL = 64 * 1024  # bytes of a request without a file
_FIELDS = MIB  # bytes that may come beside a file
_DISCARDED = 64 * MIB  # of a body that is too large, so many bytes are read: a client that still sends hears no answer
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses foreign hosts, foreign pages, and bodies that are too large or too slow; adds the security headers.

    Args:
        app: what is guarded.
        limits: how much a request may hold.
        hosts: names under which the server answers; None for any. It keeps pages of other sites from reaching a server
            on this machine under a name of their own (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, limits: Limits, hosts: Collection[str] | None = None) -> None:
        self._app = app
        self._limits = limits
        self._hosts = hosts
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await self._guard_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _with_headers(send)
        if self._requests >= self._limits.max_requests:
            await _refusal(busy())(scope, receive, sending)
            return
        self._requests += 1
        try:
            await self._guard_request(scope, receive, sending)
        finally:
            self._requests -= 1

    async def _guard_request(self, scope: Scope, receive: Receive, sending: Send) -> None:
        headers = Headers(scope=scope)
        limit = self._limits.max_upload_bytes + _FIELDS if scope["path"] in UPLOADS else _SMALL
        body = _Body(receive, limit, self._limits.time_limit_s)
        try:
            self._check_sender(scope["method"], headers)
            await body.announced(headers)
        except HTTPException as refused:
            await _refusal(refused)(scope, receive, sending)
            return
        await self._app(scope, body.receive, sending)

    async def _guard_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what opens a connection that stays open, unless another site's page does."""
        try:
            self._check_sender("CONNECT", Headers(scope=scope))
        except HTTPException:
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: status 403
            return
        await self._app(scope, receive, send)

    def _check_sender(self, method: str, headers: Headers) -> None:
        host = headers.get("host", "")
        if self._hosts is not None and host_name(host) not in self._hosts:
            raise HTTPException(403, f"this server answers as {' or '.join(sorted(self._hosts))} only.")
        if method not in _SAFE and _is_foreign(headers, host):
            raise HTTPException(403, "requests from pages of other sites are refused: open this server's own page.")


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class _Body:
    """A request's body, counted and timed while it arrives."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._read = 0
        self._complete = False
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    async def announced(self, headers: Headers) -> None:
        """Refuse a body whose stated length is too large, before it is read."""
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limit:
            if int(length) <= _DISCARDED:
                await self._discard()
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece; once the body is complete, what follows it: that the client left."""
        if self._complete:
            return await self._receive()
        message = await self._next()
        if self._read > self._limit:
            await self._discard()
            raise self._too_large()
        return message

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(
                408, f"the request should arrive within {self._seconds:g} s, but it did not: try again."
            ) from None
        self._read += len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def _discard(self) -> None:
        while not self._complete and self._read <= _DISCARDED:
            await self._next()

    def _too_large(self) -> HTTPException:
        size = f"{self._limit // MIB} MiB" if self._limit >= MIB else f"{self._limit // 1024} KiB"
        return HTTPException(413, f"the request should have at most {size}, but it has more: send a smaller file.")


def _refusal(refused: HTTPException) -> JSONResponse:
    return JSONResponse({"error": refused.detail}, refused.status_code, refused.headers)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site's page asks; old browsers tell its origin alone."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site not in ("same-origin", "none")
    try:
        return "origin" in headers and urlsplit(headers["origin"]).netloc.lower() != host.lower()
    except ValueError:
        return True
