"""The JSON routes. Each checks its fields, hands the work to a thread, and answers."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from starlette.requests import Request

from gzssar.recognizer import Recognizer
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.forms import ClassesForm, ClipForm, ExplainForm, Multipart, PredictForm, TeachForm, VideoForm, find_clip
from gzssar.web.limits import Limits
from gzssar.web.player import filmed, playback
from gzssar.web.reading import Readers
from gzssar.web.samples import Samples
from gzssar.web.schemas import (
    About,
    Checked,
    ClassList,
    Failure,
    Filmed,
    Health,
    Label,
    NewClass,
    Ranked,
    Sample,
    SampleList,
    ShownClip,
    Taught,
    Why,
    as_doubts,
    packed,
)
from gzssar.web.store import ClassStore, called, with_clip
from gzssar.web.workers import Check, Workers

T = TypeVar("T")

_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The body cannot be read."},
    403: {"model": Failure, "description": "The request comes from another site, or asks for another host."},
    408: {"model": Failure, "description": "The request arrived too slowly."},
    413: {"model": Failure, "description": "The request is too large."},
    422: {"model": Failure, "description": "A field, the clip or a class is not what it should be."},
    503: {"model": Failure, "description": "Too many requests at the same time; Retry-After says when to come back."},
    504: {"model": Failure, "description": "The answer took too long."},
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Failure, "description": "Nothing has this name."}}
_SHOWN: dict[int | str, dict[str, Any]] = {409: {"model": Failure, "description": "This clip already shows the class."}}
_OWN: dict[int | str, dict[str, Any]] = {409: {"model": Failure, "description": "The class is the model's own."}}


def clip_routes(
    store: ClassStore,
    samples: Samples,
    limits: Limits,
    readers: Readers,
    workers: Workers,
    readers_of_words: Workers,
) -> APIRouter:
    """Routes about one clip: how it moves, what it shows, and why."""
    router = APIRouter(prefix="/api", responses=_REFUSED | _UNKNOWN, tags=["clips"])

    @router.post("/clip")
    async def read_clip(request: Request, form: Annotated[ClipForm, Multipart]) -> ShownClip:
        """Read a clip, and return its joints for a player."""
        read = find_clip(form, samples, limits, readers)
        return await workers.run(request, lambda check: playback(read(check)))

    @router.post("/video")
    async def read_video(request: Request, form: Annotated[VideoForm, Multipart]) -> Filmed:
        """Find the person in a video. The other routes take the response as a clip, so the video is read only once."""
        read = find_clip(form, samples, limits, readers)
        return await workers.run(request, lambda check: filmed(read(check)))

    @router.post("/predict")
    async def predict(request: Request, form: Annotated[PredictForm, Multipart]) -> Ranked:
        """Rank the classes that a clip may show."""

        def rank(recognizer: Recognizer, clip: SkeletonSequence) -> Ranked:
            answer = recognizer.predict(
                clip, candidate_labels=form.candidates or None, top_k=form.top_k, abstain=form.abstain
            )
            return Ranked.model_validate(answer.as_dict())

        return await ask(request, form, rank)

    @router.post("/explain")
    async def explain(request: Request, form: Annotated[ExplainForm, Multipart]) -> Why:
        """Say why a class got its score: similar texts, and the joints and frames that mattered."""
        return await ask(
            request, form, lambda recognizer, clip: Why.model_validate(recognizer.explain(clip, form.label))
        )

    @router.post("/teach", responses=_SHOWN)
    async def teach(request: Request, form: Annotated[TeachForm, Multipart]) -> Taught:
        """Teach a class by a clip. The model recognizes the class at once, without training.

        A server started with `--shared` teaches it for everyone. Any other server keeps nothing: with each request,
        send the `clip` of the answer among the `clips` of the class in the field `classes`.
        """

        def show(recognizer: Recognizer, clip: SkeletonSequence) -> Taught:
            features, told = recognizer.lesson(form.label, clip)
            label = called(form.label, recognizer)
            return Taught(label=label, clip=packed(features[0]), kept=store.shared, warning=as_doubts(told))

        shown = await ask(request, form, show)
        if store.shared:
            await readers_of_words.run(request, lambda check: store.teach(shown.label, shown.clip, check))
        else:
            taught = with_clip(form.parse_classes(), shown.label, shown.clip)
            await readers_of_words.run(request, lambda check: store.recognizer(taught))
        return shown

    async def ask(request: Request, form: ClassesForm, answer: Callable[[Recognizer, SkeletonSequence], T]) -> T:
        read, added = find_clip(form, samples, limits, readers), form.parse_classes()
        recognizer = store.ready(added)
        if recognizer is None:  # its words are encoded where nobody's clip waits for it
            recognizer = await readers_of_words.run(request, lambda check: store.recognizer(added))

        def work(check: Check) -> T:
            clip = read(check)
            check()
            return answer(recognizer, clip)

        return await workers.run(request, work)

    return router


def class_routes(store: ClassStore, workers: Workers) -> APIRouter:
    """Routes about classes."""
    router = APIRouter(prefix="/api/classes", tags=["classes"])
    taken: dict[int | str, dict[str, Any]] = {
        409: {"model": Failure, "description": "A class with this label already exists."}
    }

    @router.get("", responses=_only(403))
    async def list_classes() -> ClassList:
        """List all classes that the server knows, with their texts."""
        return ClassList(classes=store.classes())

    @router.post("", responses=_REFUSED | taken)
    async def add_class(request: Request, new: NewClass) -> Checked:
        """Check a class described in words.

        A server started with `--shared` keeps it for everyone. Any other server keeps nothing: send the class with each
        request, in the field `classes`.
        """

        told = await workers.run(request, lambda check: store.add(new, check) if store.shared else store.check(new))
        return Checked(label=new.label, kept=store.shared, warning=as_doubts(told))

    @router.delete("", responses=_only(403, 422, 503, 504) | _UNKNOWN | _OWN)
    async def remove_class(
        request: Request, label: Annotated[Label, Query(description="The label of the class.")]
    ) -> Checked:
        """Remove a class that was added for everyone."""

        await workers.run(request, lambda check: store.remove(label))
        return Checked(label=label, kept=False)

    @router.delete("/clip", responses=_only(403, 422, 503, 504) | _UNKNOWN)
    async def take_back(
        request: Request,
        label: Annotated[Label, Query(description="The class that it showed.")],
        number: Annotated[
            int, Query(ge=0, le=1000, description="The number of the clip, from 0, in the order in which clips came.")
        ],
    ) -> Checked:
        """Take back a clip that was taught for everyone. A class without texts is removed with its last clip."""

        await workers.run(request, lambda check: store.take_back(label, number))
        return Checked(label=label, kept=False)

    return router


def about_routes(store: ClassStore, samples: Samples, limits: Limits, videos: bool) -> APIRouter:
    """Routes about the server itself."""
    router = APIRouter(tags=["server"], responses=_only(403))

    @router.get("/api/samples")
    async def list_samples() -> SampleList:
        """List the clips that the server offers."""
        seconds = {name: clip.joints.shape[1] / clip.fps for name, clip in samples.items()}
        return SampleList(samples=[Sample(name=name, seconds=round(length, 2)) for name, length in seconds.items()])

    @router.get("/api/model")
    async def about() -> About:
        """Describe the model, and what the server allows."""
        recognizer = store.recognizer()
        seen = len(store.trained)
        return About(
            version=version("gzssar"),
            synthetic=recognizer.synthetic,
            shared=store.shared,
            seen_count=seen,
            unseen_count=len(recognizer.classes) - seen,
            card=recognizer.card,
            layouts=list(LAYOUTS),
            max_upload_bytes=limits.max_upload_bytes,
            max_frames=limits.max_frames,
            max_classes=limits.max_classes,
            max_clips=limits.max_clips,
            videos=videos,
        )

    @router.get("/healthz")
    async def health() -> Health:
        """Say that the server is up."""
        return Health()

    return router


def _only(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: _REFUSED[status] for status in statuses}
