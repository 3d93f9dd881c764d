"""The web page and its JSON routes around one recognizer."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import PurePath

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Route

from gzssar.recognizer import Recognizer
from gzssar.skeletons.poses import FindPoses
from gzssar.web.camera import camera_routes
from gzssar.web.failures import answer_errors
from gzssar.web.guard import Guard
from gzssar.web.limits import Limits
from gzssar.web.reading import Readers
from gzssar.web.routes import about_routes, class_routes, clip_routes
from gzssar.web.samples import Samples
from gzssar.web.store import ClassStore
from gzssar.web.workers import Workers

_LOADING = "the language model may be loading, so try again in a moment"
_ABOUT = """
Recognize actions in skeleton clips, both actions with training clips and actions that are known only from words.

Errors are `{"error": sentence}`. The server keeps no upload, and it writes no class to disk. It shows a visitor's class
to others only if it was started with `--shared`. It keeps the last texts in memory for a while.
"""

_STATIC = files("gzssar.web") / "static"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""Not the system's: some call a script plain text, which browsers refuse."""

_PLACES = {"index.html": "/", "docs.html": "/docs"}
PAGES = {_PLACES.get(file.name, f"/{file.name}"): file.name for file in _STATIC.iterdir()}
"""Address → file: nothing else of the disk can be asked for."""


def create_app(
    recognizer: Recognizer,
    limits: Limits | None = None,
    shared: bool = False,
    samples: Samples | None = None,
    hosts: Collection[str] | None = None,
    find_poses: FindPoses | None = None,
) -> FastAPI:
    """Build the app.

    Args:
        recognizer: answers; it is not touched.
        limits: how much visitors may ask for.
        shared: whether classes that one visitor adds are there for all.
        samples: clips to offer, by name.
        hosts: names under which the server answers; None for any.
        find_poses: what finds people in visitors' videos and cameras; None where these are not to be used.
    """
    limits, samples = limits or Limits(), samples or {}
    store, workers = ClassStore(recognizer, limits, shared), Workers(limits)
    readers = Readers(limits, find_poses)
    readers_of_words = Workers(replace(limits, workers=1), _LOADING)  # who loads a language model holds up no clip

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        workers.close()
        readers.close()
        readers_of_words.close()

    now = version("gzssar")
    app = FastAPI(
        title="gzssar",
        version=now,
        description=_ABOUT,
        docs_url=None,  # that page loads its scripts from elsewhere; ours is among PAGES
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for router in (
        clip_routes(store, samples, limits, readers, workers, readers_of_words),
        class_routes(store, readers_of_words),
        about_routes(store, samples, limits, find_poses is not None),
        camera_routes(store, limits, find_poses),
    ):
        app.include_router(router)
    answer_errors(app)
    app.add_middleware(Guard, limits=limits, hosts=hosts)
    for address, name in PAGES.items():
        page = Response((_STATIC / name).read_bytes(), media_type=_TYPES[PurePath(name).suffix])
        app.router.routes.append(Route(address, page, methods=["GET"]))
    return app
