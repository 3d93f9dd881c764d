"""Every error of the server as ``{"error": sentence}``, with the ``field`` that would help where one would."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from gzssar.errors import GzssarError
from gzssar.web.guard import SECURITY

OUR_MISTAKE = "the server made a mistake, which its log tells of."

log = logging.getLogger(__name__)


def answer_errors(app: FastAPI) -> None:
    """Let an app answer every error in one sentence."""

    @app.exception_handler(GzssarError)
    async def refused(request: Request, error: GzssarError) -> JSONResponse:
        return failure(422, str(error), field=error.option)

    @app.exception_handler(RequestValidationError)
    async def misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
        return failure(422, _sentence(error.errors()))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        headers, sentence = dict(error.headers or {}), str(error.detail)
        if error.status_code == 405:  # of several routes at one address, the framework names one alone
            methods = app.openapi()["paths"].get(request.url.path, ())
            headers["Allow"] = ", ".join(methods).upper() or headers.get("Allow", "GET")
            sentence = f"this address answers to {headers['Allow']}, but {request.method} came."
        if sentence == "Not Found":  # the framework's own
            sentence = "there is nothing at this address: / is the page, /docs tells of the routes."
        return failure(error.status_code, _as_sentence(sentence), headers)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        return failure(500, OUR_MISTAKE, dict(SECURITY))


def failure(
    status: int, sentence: str, headers: dict[str, str] | None = None, field: str | None = None
) -> JSONResponse:
    """An error as JSON; half characters, which a request may smuggle into a sentence, are replaced."""
    told = {"error": sentence.encode("utf-8", "replace").decode()}
    return JSONResponse(told | ({"field": field} if field else {}), status, headers)


def _sentence(errors: Sequence[Any]) -> str:
    """What is wrong with a request's fields: one that is missing, or the first thing."""
    first = next((error for error in errors if error["type"] == "missing"), errors[0])
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    name = ".".join(place)[:100] or "the request"
    if first["type"] == "missing":
        return f"{name} is missing." if place else "the request should have a body, but has none."
    if first["type"] == "extra_forbidden":
        return f"{name} is not a field of this request: /docs lists its fields."
    if "UploadFile" in str(first["msg"]):
        return f"{name} should be a file, but something else came."
    said = str(first["msg"]).removeprefix("Value error, ")
    for subject in ("Input", "String", "List", "Value", "Object"):
        said = said.removeprefix(f"{subject} ")
    return _as_sentence(f"{name} {said}" if said.startswith("should") else f"{name}: {said}")


def _as_sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
