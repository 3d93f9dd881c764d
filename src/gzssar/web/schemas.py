"""What goes into the routes and what comes out, as the OpenAPI page shows it."""

import base64
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gzssar.errors import DataError
from gzssar.skeletons import doubt

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Numbers = Annotated[list[float], BeforeValidator(list)]
"""A list in the answer; made from an array, too."""
Features = Annotated[str, StringConstraints(max_length=20_000, pattern="^[A-Za-z0-9+/]+=?=?$")]
"""What the encoder makes of a clip: float32, little-endian, in base64. A clip cannot be made of it."""


class _Documented(BaseModel):
    """Docstrings under fields become their descriptions."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


class Failure(_Documented):
    """What went wrong."""

    error: str
    """One sentence: what was expected, what came, what to do."""

    field: str | None = None
    """The field of the form that would solve the problem, if there is one: layout, fps, fill_gaps, unit, index."""


class NewClass(_Documented):
    """A class in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Label
    """What the action is called: "juggle"."""

    action: Text | None = None
    """What the action is, as a dictionary would say it."""

    motion: Text | None = None
    """What the body parts do, and in which order."""


class OwnClass(NewClass):
    """A visitor's own class, in words, by clips, or both. Or clips of a class that the model knows."""

    clips: tuple[Features, ...] = ()
    """The answers of `/api/teach`, in `clip`, for the clips that show it."""


class ShownClass(_Documented):
    """A class that the server knows."""

    label: str
    action: str | None
    motion: str | None
    seen: bool
    """Whether the model was trained on clips of it."""

    added: bool
    """Whether a visitor added it."""

    clips: int
    """How many clips of it visitors taught, for everyone."""


class ClassList(_Documented):
    """All classes of the server."""

    classes: list[ShownClass]


class Doubt(_Documented):
    """A reason not to trust an answer, or the texts of a class."""

    code: str
    """The kind of doubt, for programs."""

    sentence: str


class Checked(_Documented):
    """A class that the model accepts."""

    label: str
    kept: bool
    """Whether the server keeps it for everyone. If not, send it with each request, in `classes`."""

    warning: list[Doubt] = []
    """Reasons to doubt its texts."""


class Taught(_Documented):
    """A clip that shows a class."""

    label: str
    """The class, as the model calls it."""

    clip: Features
    kept: bool
    """Whether the server keeps it for everyone. If not, send it with each request, in `classes`."""

    warning: list[Doubt] = []
    """Reasons to doubt the clip."""


class RankedClass(_Documented):
    """A class in a ranking."""

    label: str
    score: float
    seen: bool


class Ranked(_Documented):
    """The classes that a clip may show, best first."""

    label: str | None
    """The best guess; null if the model abstains or nobody moves."""

    best_guess: str
    """The first of the ranking, with its score, and whether it is a seen class."""

    score: float
    seen: bool
    p_seen: float | None
    """The gate's probability that the clip shows a seen class; null if only classes of one kind may be the answer."""

    unsure: bool
    """Whether more answers like this one are wrong than allowed."""

    abstained: bool
    """Whether the label is withheld because the answer is unsure."""

    resting: bool
    """Whether nobody moves."""

    warning: list[Doubt]
    """Reasons to doubt the answer."""

    ranking: list[RankedClass]


class CameraOrder(_Documented):
    """The classes that may be the answer for people in front of a camera."""

    model_config = ConfigDict(extra="forbid")

    classes: tuple[OwnClass, ...] = Field(default=(), max_length=1000)
    """The visitor's own classes, as in `/api/predict`."""

    candidates: list[str] | None = Field(default=None, max_length=900)
    """Rank only these labels."""


class Why(_Documented):
    """Why a class got its score."""

    label: str
    similarity: dict[str, float]
    """How similar the clip is to each kind of text, from -1 to 1."""

    joints: Numbers
    """How much each of the 25 joints matters, as shares."""

    frames: Numbers
    """How much each window of frames matters, as shares."""

    frame_edges: Numbers
    """Where the windows begin and end, as shares of the clip."""


class ShownClip(_Documented):
    """A clip as the player draws it."""

    name: str
    frame_count: int
    """Frames in the file."""

    fps: float
    layout: str
    dimensions: int
    duration_s: float
    """From the first frame to the last."""

    motion: list[list[list[float] | None]]
    """Frame (at most 300) → body (at most 2) → x, y, z of each joint in [-1, 1]; null if a body is absent."""

    joint_names: list[str]
    sides: list[str]
    """left, right or middle: the side of each joint."""

    bones: list[list[int]]
    """(child, parent) of each bone, as joints."""


class Filmed(_Documented):
    """The person in a video, as a clip in the form of MediaPipe's landmarks."""

    name: str
    times: list[float]
    """The time of each frame, in seconds."""

    joints: list[list[list[float]]]
    """Frame → joint → x, y, z in metres, in MediaPipe's axes, and its visibility; no joints if nobody is seen."""

    warning: list[Doubt]
    """Reasons to doubt it."""


class Sample(_Documented):
    """A clip that the server offers."""

    name: str
    seconds: float


class SampleList(_Documented):
    """All clips that the server offers."""

    samples: list[Sample]


class About(_Documented):
    """The model and what the server allows."""

    version: str
    synthetic: bool
    """Whether the model learned from made-up performers."""

    shared: bool
    """Whether the classes that one visitor adds are there for all visitors."""

    seen_count: int
    unseen_count: int
    card: str
    layouts: list[str]
    max_upload_bytes: int
    max_frames: int
    max_classes: int
    max_clips: int
    videos: bool
    """Whether the server takes videos and cameras."""


class Health(_Documented):
    """The server is up."""

    status: str = "ok"


def as_doubts(told: Sequence[doubt.Doubt]) -> list[Doubt]:
    """Doubts as the routes tell them."""
    return [Doubt.model_validate(one) for one in told]


def packed(features: Float[np.ndarray, "D"]) -> Features:
    """A clip's features as text."""
    return base64.b64encode(np.asarray(features, dtype="<f4").tobytes()).decode()


def unpacked(features: Features) -> Float[np.ndarray, "D"]:
    """A clip's features again.

    Raises:
        DataError: the text holds no numbers.
    """
    try:
        return np.frombuffer(base64.b64decode(features, validate=True), dtype="<f4").astype(np.float32)
    except ValueError:
        raise DataError(
            "the clips of a class should be answers of /api/teach, but one is not: show the clip again."
        ) from None
