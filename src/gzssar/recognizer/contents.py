"""What the files of a recognizer's folder hold: the schema that a folder from strangers has to fit.

A digest tells that a file is as it was saved, not that what was saved makes sense: whoever changes a file can work out
its digest anew. So nothing of a folder is used that was not parsed here.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import numpy as np

from gzssar.decision.abstention import BOUNDS
from gzssar.encoders.streams import SkeletonEncoder
from gzssar.errors import DataError, TextError
from gzssar.schema import Count, Digits, Distinct, Name, Within, parse
from gzssar.texts.classes import label_key
from gzssar.texts.encoders.encoder import require_readable
from gzssar.texts.encoding import Encoding

Label = Annotated[str, Name()]
"""Of a class."""
Whole = Annotated[int, Within(0, 10**15)]
_Weight = Annotated[float, Within(-1e9, 1e9)]
_Temperature = Annotated[float, Within(1e-6, 1e6, or_zero=True)]
_Pair = Annotated[tuple[float, ...], Count(2)]
_SHORTEST = 1e-12


@dataclass(frozen=True)
class GateNumbers:
    """Of the gate, which reads two scores."""

    centre: Annotated[tuple[_Weight, ...], Count(2)]
    scale: Annotated[tuple[Annotated[float, Within(1e-12, 1e9)], ...], Count(2)]
    weights: Annotated[tuple[_Weight, ...], Count(2)]
    bias: _Weight


@dataclass(frozen=True)
class CalibrationNumbers:
    """Of :class:`~gzssar.decision.decision.Calibration`."""

    seen_temperature: _Temperature
    unseen_temperature: _Temperature
    threshold: Annotated[float, Within(1e-6, 1 - 1e-6)]


@dataclass(frozen=True)
class PriorNumbers:
    """Of :class:`~gzssar.recognizer.shown.Prior`."""

    clips: Annotated[float, Within(0, 1e6)]
    advantage: Annotated[float, Within(0, 2)]


class DoubtNotes(TypedDict):
    """Of the clips of one kind of doubt."""

    clips: Whole
    first: str
    sentence: str


class RecordingNotes(TypedDict, total=False):
    """What the training clips are like."""

    fps: _Pair | None
    seconds: _Pair | None
    metres: _Pair | None
    bodies: Whole | None
    layouts: tuple[str, ...]
    doubts: dict[str, DoubtNotes]


class HubNotes(TypedDict):
    """The commit that it comes from."""

    repository: str
    commit: str


class RecalibrationNotes(TypedDict):
    """The clips that calibrated it anew."""

    data: str
    classes: Whole
    seen: Whole
    unseen: Whole
    unknown: Whole


class About(TypedDict, total=False):
    """What is read of where it comes from and how good it is; there may be more."""

    data: str
    synthetic: bool
    weights_alone: bool
    encoders_left_out: bool
    clips: Whole
    fingerprint: str
    malformed: dict[str, str]
    performers: tuple[Annotated[int, Within(-(10**18), 10**18)], ...]
    recordings: RecordingNotes | None
    versions: dict[str, str]
    scores: dict[str, float]
    scores_without_encoder_classes: dict[str, float]
    fold_classes: Whole
    classes: dict[str, tuple[str, ...]]
    hub: HubNotes
    recalibrated: RecalibrationNotes


@dataclass(frozen=True)
class Config:
    """What ``config.json`` holds beside format, version, files and digest."""

    kinds: Annotated[tuple[Literal["lb", "ad", "md"], ...], Count(1, 3), Distinct()]
    words: bool
    encoding: Encoding
    revisions: tuple[str, ...]
    roots: bool
    whole_row_norm: bool
    gate: GateNumbers
    calibration: CalibrationNumbers
    abstention: Annotated[tuple[Annotated[tuple[_Pair, ...], Count(2)], ...], Count(len(BOUNDS))]
    prior: PriorNumbers
    about: About
    encoder_classes: tuple[Label, ...] = ()

    @property
    def table_count(self) -> int:
        """How many tables of text features there are, one per kind and encoder."""
        return len(self.kinds) * len(self.encoding.encoder)


@dataclass(frozen=True)
class ClassRow:
    """A row of ``texts.csv``."""

    id: Annotated[str, Digits(9)]
    label: Label
    action: str
    motion: str
    seen: Literal["0", "1"]
    clips: Annotated[str, Digits(9)]
    shown: Literal["0", "1"]


def parse_config(config: dict[str, Any], path: Path) -> Config:
    """Parse ``config.json``.

    Raises:
        DataError: a field is missing, or not what it should be.
    """
    parsed = parse(Config, config, str(path))
    if len(parsed.revisions) != len(parsed.encoding.encoder):
        raise DataError(
            f"{path}: revisions should be one for each of the {len(parsed.encoding.encoder)} text encoders, but there "
            f"are {len(parsed.revisions)}."
        )
    return parsed


def parse_classes(content: bytes, path: Path) -> list[ClassRow]:
    """Parse ``texts.csv``.

    Raises:
        DataError: it is no such table, or a class is not what it should be.
    """
    columns = list(ClassRow.__dataclass_fields__)
    try:
        head, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise DataError(f"{path} should be a table of classes in UTF-8, but it is not ({error}).") from error
    if head != columns or not rows:
        raise DataError(f"{path} should hold classes in the columns {', '.join(columns)}, but it does not.")
    classes: list[ClassRow] = []
    keys: set[str] = set()
    for k, cells in enumerate(rows):
        where = f"{path}: class {k}"
        if len(cells) != len(columns):
            raise DataError(f"{where} should have {len(columns)} cells, but it has {len(cells)}.")
        one = parse(ClassRow, dict(zip(columns, cells, strict=True)), where)
        _require_sense(one, k, where)
        if label_key(one.label) in keys:
            raise DataError(
                f"{where} should have a label of its own, but an earlier row has the label {one.label!r} too."
            )
        keys.add(label_key(one.label))
        classes.append(one)
    return classes


def _require_sense(one: ClassRow, k: int, where: str) -> None:
    """See that a row's texts can be read, and that what it says of its clips goes together: classes are seen where
    clips are known of them."""
    try:
        require_readable([text for text in (one.action, one.motion) if text])
    except TextError as error:
        raise DataError(f"{where} should have texts that can be read, but {error}") from error
    if int(one.id) != k:
        raise DataError(f"{where} should have the id {k}, but it has {one.id}.")
    if (one.seen == "1") != (int(one.clips) > 0) or (one.shown == "1" and one.seen == "0"):
        raise DataError(
            f"{where} should be seen if it has clips and shown only if it is seen, but seen is {one.seen}, clips "
            f"{one.clips} and shown {one.shown}."
        )


def array_axes(config: Config, names: Sequence[str]) -> dict[str, str]:
    """The arrays of ``weights.safetensors`` and their axes: W of the whitened space, E of what the text space reads, P
    of what it gives, K classes, C classes of the encoder's own, T0, T1 … of each table of text features.

    Args:
        config: of the folder.
        names: of the arrays that are there, some of which need not be.
    """
    mapped = "P" if "text.matrix" in names else "E"
    axes = {"skeleton.offset": "W", "text.offset": "E", "regression": f"{mapped} W", "classes.centre": "K W"}
    optional = {"skeleton.blocks": "B D D", "text.scale": "E", "text.matrix": "E P"}
    axes |= {name: letters for name, letters in optional.items() if name in names}
    axes |= {f"classes.text.{k}": f"K T{k}" for k in range(config.table_count)}
    if config.encoder_classes:
        axes |= {f"encoder.text.{k}": f"C T{k}" for k in range(config.table_count)}
    return axes


def require_directions(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """See that text features, which are brought to unit length, have a length.

    Raises:
        DataError: some have none.
    """
    for name, array in arrays.items():
        if ".text." in name and not (np.linalg.norm(array.astype(np.float64), axis=1) > _SHORTEST).all():
            raise DataError(f"{path}: {name} should hold text features, but those of a class are all 0.")


def require_agreement(config: Config, sizes: dict[str, int], word_width: int, encoder: SkeletonEncoder | None) -> None:
    """See that what the files say of sizes goes together.

    Args:
        config: of the folder.
        sizes: of the arrays' axes.
        word_width: columns of a text's counted words.
        encoder: of the folder, if there is one.

    Raises:
        DataError: it does not.
    """
    read = sum(sizes[f"T{k}"] for k in range(config.table_count)) + config.words * len(config.kinds) * word_width
    if read != sizes["E"]:
        raise DataError(f"the text space should read {read} numbers of a class, but it reads {sizes['E']}.")
    if sizes.get("B", 1) * sizes.get("D", sizes["W"]) != sizes["W"]:
        raise DataError(f"blocks of {sizes['D']} numbers should make up the {sizes['W']} of the skeleton space.")
    if config.roots and ("B" not in sizes or sizes["W"] % 2):
        raise DataError("roots should be false in a skeleton space without whitening or of odd width, but it is true.")
    width = sizes["W"] // (2 if config.roots else 1)
    if encoder is not None and encoder.feature_width != width:
        raise DataError(
            f"the skeleton encoder should give the {width} numbers that the space takes, but it gives "
            f"{encoder.feature_width}."
        )
    if config.encoder_classes and (encoder is None or len(encoder.classes) != len(config.encoder_classes)):
        raise DataError(
            f"the skeleton encoder should have the {len(config.encoder_classes)} classes of encoder_classes, but it "
            f"{'is missing' if encoder is None else f'has {len(encoder.classes)}'}."
        )
