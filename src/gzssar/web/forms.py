"""The forms of the routes that take a clip, and how a clip comes out of them."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, get_args

from fastapi import Form, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from gzssar.errors import ConfigError
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers import ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.web.limits import MIB, Limits
from gzssar.web.reading import Readers
from gzssar.web.samples import Samples
from gzssar.web.schemas import Label, OwnClass
from gzssar.web.workers import Check

LayoutName = Literal[
    "ntu25", "kinect20", "utd20", "coco17", "openpose18", "openpose25", "mediapipe33", "smpl22", "smpl24"
]
assert set(get_args(LayoutName)) == set(LAYOUTS)
ShownName = Annotated[str, StringConstraints(max_length=200)]
Multipart = Form(media_type="multipart/form-data")

_CLASS_LIST = TypeAdapter(Annotated[list[OwnClass], Field(max_length=1000)])


def _without_null(schema: dict[str, Any]) -> None:
    """Take null out of what fields may be: forms know absence alone."""
    for field in schema["properties"].values():
        for kind in field.pop("anyOf", ()):
            if kind != {"type": "null"}:
                field.update(kind)


def _of_a_clip(schema: dict[str, Any]) -> None:
    """A form comes with a file or with the name of a sample, not with both."""
    _without_null(schema)
    schema["oneOf"] = [{"required": ["clip"]}, {"required": ["sample"]}]


class ClipForm(BaseModel):
    """Which clip, and how to read it."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", json_schema_extra=_of_a_clip)

    clip: UploadFile | None = None
    """A file with a skeleton clip."""

    sample: ShownName | None = None
    """Instead of a file: the name of a sample."""

    layout: LayoutName | None = None
    """The joints of a plain table (.csv, .npy)."""

    fps: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Frames per second, if the file does not state them."""

    fill_gaps: bool = False
    """Interpolate joints that are missing in some frames."""

    unit: Literal["m", "cm", "mm", "in", "ft"] | None = None
    """The unit of the positions, if the file does not state it."""

    index: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    """The number of the clip, from 0, if the file holds several."""


def _of_a_video(schema: dict[str, Any]) -> None:
    """A form comes with a file: no sample is a video."""
    _without_null(schema)
    del schema["properties"]["sample"]
    schema["required"] = ["clip"]


class VideoForm(ClipForm):
    """Which video, and how to read it."""

    model_config = ConfigDict(json_schema_extra=_of_a_video)


class ClassesForm(ClipForm):
    """A clip, and your own classes."""

    classes: Annotated[str, StringConstraints(max_length=900_000)] | None = None
    """Classes for this request only, as JSON: [{"label": …, "action": …, "motion": …, "clips": […]}]."""

    def parse_classes(self) -> tuple[OwnClass, ...]:
        """Read the classes.

        Raises:
            RequestValidationError: they are no JSON list of classes.
        """
        try:
            return tuple(_CLASS_LIST.validate_json(self.classes)) if self.classes else ()
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            found = [{**first, "loc": ("classes", *first["loc"])}]
            raise RequestValidationError(found) from error


class PredictForm(ClassesForm):
    """A clip, and the classes to rank."""

    candidates: list[ShownName] = Field(default_factory=list, max_length=900)
    """Rank only these labels; one field per label. By default, all classes."""

    top_k: Annotated[int, Field(ge=1, le=10_000)] = 5
    """The largest number of classes in the ranking."""

    abstain: bool = False
    """Give no label if the model is not sure enough."""


class TeachForm(ClassesForm):
    """A clip that shows a class."""

    label: Label
    """The class that the clip shows: one that the model knows, or a new one."""


class ExplainForm(ClassesForm):
    """A clip, and the class whose score to explain."""

    label: ShownName
    """The class whose score to explain."""


def find_clip(
    form: ClipForm, samples: Samples, limits: Limits, readers: Readers
) -> Callable[[Check], SkeletonSequence]:
    """Find out which clip a form is about: an upload or a sample.

    Returns:
        What reads it, or raises a GzssarError where the upload holds no single readable clip. That takes a while: it is
        for a worker's thread, whose check it calls meanwhile.

    Raises:
        HTTPException: there is no such sample, or the file is too large.
        ConfigError: the form names no clip, or two.
    """
    if (form.clip is None) == (form.sample is None):
        came = "neither" if form.clip is None else "both"
        raise ConfigError(
            f"a file as clip or the name of a sample should come with the request, but the request has {came}."
        )
    if form.sample is not None:
        if form.sample not in samples:
            names = ", ".join(samples) or "none"
            raise HTTPException(404, f"there is no sample {form.sample!r}; there are {names}.")
        sample = samples[form.sample]
        return lambda check: sample
    assert form.clip is not None  # one of the two is there
    if form.clip.size is not None and form.clip.size > limits.max_upload_bytes:
        size = f"{limits.max_upload_bytes / MIB:g} MiB"
        raise HTTPException(413, f"a clip should have at most {size}, but this one has more: send a shorter one.")
    options = ReadOptions(form.layout, form.fps, form.fill_gaps, form.unit)
    return partial(readers.read, form.clip.file, form.clip.filename or "", options, form.index)
