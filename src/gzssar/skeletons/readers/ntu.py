"""Reads the ``.skeleton`` text of NTU RGB+D 60 and 120, as its authors distribute it.

A file holds one clip: the number of frames; per frame the number of bodies, which may be 0; per body a line of 10
values that starts with its id, the number of joints, and per joint a line of 12 values: x y z in metres, x y in the
depth picture, x y in the colour picture, orientation w x y z, tracking state (Shahroudy et al., CVPR 2016).
"""

import re
from array import array
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers.arrays import make_clip, read_bytes
from gzssar.skeletons.readers.density import check_density
from gzssar.skeletons.readers.missing import complete
from gzssar.skeletons.readers.ntu_bodies import Track, choose_bodies
from gzssar.skeletons.readers.reader import START, ClipEntry, ClipSource, ReadOptions
from gzssar.skeletons.sequence import SkeletonSequence

FPS = 30.0
"""Frame rate of the Kinect v2, and so of every NTU recording; the files do not state it."""

SAMPLE_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", re.ASCII | re.IGNORECASE)
"""Setup, camera, performer, replication, action: the name of an NTU sample."""

_COPY_AND_ENDINGS = re.compile(r"( ?\(\d+\))?(\.\w{1,12}( ?\(\d+\))?){0,3}", re.ASCII)
"""What may follow the name: the endings of a file, and the number that a second download gets."""

_JOINT_COUNT = str(NTU25.joint_count)
_BODY = bytes([10, 1] + NTU25.joint_count * [12])  # how many values each line of a body holds
_CHARACTERS = b"0123456789+-.eE \t\r\nnaifNAIFtyTY"  # of numbers, nan and infinity among them, and of blanks
_BODIES = 256  # that are parsed in one go
_BLOCK = 2**15  # bytes looked at in one go: larger arrays come as fresh memory each time, and take half as long again
_LARGEST = 128 * 2**20  # bytes; those of the data sets have a few megabytes at most
_MOST_FRAMES = 500_000  # four hours
_SHOWN = 40  # characters of a bad line that a message quotes


@dataclass(frozen=True)
class SampleIds:
    """What the name of an NTU sample says."""

    setup: int
    """1 to 17 in NTU-60, 1 to 32 in NTU-120."""

    camera: int
    """1 to 3."""

    subject: int
    """1 to 40 in NTU-60, 1 to 106 in NTU-120."""

    replication: int
    """1 or 2."""

    label: int
    """0-based class id: one less than the action in the name."""


class NtuReader:
    """Opens NTU RGB+D skeleton text."""

    kind = "NTU RGB+D skeleton text"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether the file starts with the counts of frames and bodies, an id line and the count of joints.

        A file that ends or goes wrong after the count of frames is known by the ending ``.skeleton`` alone, so that
        it is refused with the number of the line instead of being passed over.
        """
        lines = [line.split() for line in start.rstrip().split(b"\n")]
        if len(start) == START:
            lines.pop()
        if path.suffix.lower() == ".skeleton" and (not lines or not lines[0] or _is_count(lines[0])):
            return True
        return len(lines) > 1 and _starts_like_ntu(lines)

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """List the one clip of a file; label, subject, camera and setup come from a name ``SsssCcccPpppRrrrAaaa``.

        Raises:
            ConfigError: the options name another layout than the file's.
        """
        if options.layout not in (None, NTU25.name):
            raise ConfigError(
                f"{path} is {self.kind} and holds the joints of layout {NTU25.name!r}, but the options say "
                f"{options.layout!r}: leave the layout out."
            )
        return ClipSource(self.kind, [ClipEntry(path.name, partial(read_ntu, path, options))])


def read_ntu(path: Path, options: ReadOptions | None = None) -> SkeletonSequence:
    """Read one clip: at most two bodies (:func:`choose_bodies`), in the camera's axes; a doubt tells of more.

    Of a joint's 12 values x, y and z are parsed; the others are counted and must be written in the characters of
    numbers, NaN and infinity among them.

    Args:
        path: the file.
        options: frames per second, 30 unless they say otherwise, and whether positions that are no finite numbers are
            filled in.

    Raises:
        DataError: the file cannot be read, is not laid out as it should be, holds a position that is no finite number,
            or shows no body; the message names the line.
    """
    options = options or ReadOptions()
    tracks = read_tracks(path, options.fill_gaps)
    ids = sample_ids(path.name)
    known = asdict(ids) if ids else {}
    known.pop("replication", None)
    fps = FPS if options.fps is None else options.fps
    joints, left_out = choose_bodies(tracks)
    sentence = f"The file tracks more than two bodies; those that move most are kept, and tracks left out: {left_out}."
    doubts = (Doubt("bodies-left-out", sentence),) if left_out else ()
    return make_clip(joints, options, name=path.name, fps=fps, layout=NTU25, doubts=doubts, **known)


def sample_ids(name: str) -> SampleIds | None:
    """What the name ``SsssCcccPpppRrrrAaaa`` says, or None if it is no such name; action 000 does not exist.

    The name may be in any case, and endings (``.skeleton.txt``) and the number of a copy (`` (1)``) may follow.
    """
    match = SAMPLE_NAME.match(name)
    if match is None or match[5] == "000" or not _COPY_AND_ENDINGS.fullmatch(name, match.end()):
        return None
    setup, camera, subject, replication, action = map(int, match.groups())
    return SampleIds(setup, camera, subject, replication, action - 1)


def read_tracks(path: Path, fill_gaps: bool = False) -> tuple[Track, ...]:
    """Read every body of a file, in order of first appearance; a body whose joints are all zero is not tracked.

    Args:
        path: the file.
        fill_gaps: fill in positions that are no finite numbers, from the frames around, instead of refusing the file.

    Raises:
        DataError: as in :func:`read_ntu`.
    """
    text = _read_text(path)
    found = _find_bodies(text)
    tracks = _follow_ids(text, found, _read_positions(text, found, fill_gaps))
    return tuple(_whole(track, path) for track in tracks) if fill_gaps else tracks


@dataclass(frozen=True, eq=False)
class _Text:
    """A file in memory. Its lines are cut out as they are needed: all of them would take several times its size."""

    path: Path
    data: bytes
    ends: "array[int]"  # of each line, behind its newline
    value_counts: bytes  # how many values each line holds, 255 for more

    def lines(self, first: int, count: int = 1) -> bytes:
        """Some lines, with their ends."""
        start = self.ends[first - 1] if first else 0
        return self.data[start : self.ends[first + count - 1]]

    def words(self, line: int) -> str:
        """A line (0-based) without blanks around it; empty behind the end."""
        return self.lines(line).decode().strip() if line < len(self.value_counts) else ""

    def whole(self, line: int, expected: str) -> int:
        """The whole number in a line that should hold nothing else."""
        word = self.words(line)
        if not (word.isdecimal() and len(word) < 10):
            raise self.error(line, expected)
        return int(word)

    def error(self, line: int, expected: str) -> DataError:
        if line >= (count := len(self.value_counts)):
            return DataError(
                f"{self.path}, line {line + 1}, should hold {expected}, but the file ends after line {count}: it was "
                "cut off, so copy it again from its source."
            )
        content = self.words(line)
        shown = repr(content[:_SHOWN]) + ("…" if len(content) > _SHOWN else "") if content else "nothing"
        return DataError(
            f"{self.path}, line {line + 1}, should hold {expected}, but it holds {shown}: the file is damaged, so copy "
            "it again from its source."
        )


@dataclass(frozen=True)
class _Found:
    """A body in one frame."""

    frame: int
    body: str  # the id as text: it is a 64-bit number, and floats would mix up neighbours
    line: int  # 0-based, of its id line


def _read_text(path: Path) -> _Text:
    data = read_bytes(path, _LARGEST)
    ends = array("I")
    counts = bytearray()
    start = 0
    while start < len(data):
        end = len(data) if len(data) - start <= _BLOCK else data.rfind(b"\n", start, start + _BLOCK) + 1
        if not end:
            raise DataError(f"{path}, line {len(ends) + 1}, should have fewer than {_BLOCK} characters: it is damaged.")
        block = data[start:end]
        _check_characters(path, block, len(ends))
        newlines = _newlines(block)
        ends.frombytes((newlines + start).astype(np.uint32).tobytes())
        counts += _value_counts(block, newlines)
        check_density(path, len(ends), "lines")
        start = end
    value_counts = bytes(counts.rstrip(b"\0"))  # blank lines at the end are no part of the clip
    if not value_counts:
        raise DataError(f"{path} should hold a clip, but it is empty: copy it again from its source.")
    return _Text(path, data, ends, value_counts)


def _check_characters(path: Path, block: bytes, lines_before: int) -> None:
    if strange := block.translate(None, _CHARACTERS):
        line = lines_before + block.count(b"\n", 0, block.index(strange[:1])) + 1
        raise DataError(
            f"{path}, line {line}, should hold numbers, but it holds the character {chr(strange[0])!a}: the file is "
            "damaged, so copy it again from its source."
        )


def _newlines(block: bytes) -> Int[np.ndarray, "_"]:
    """Where the lines of a block end, behind their newlines; the last one may lack its."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
    return ends if block.endswith(b"\n") else np.append(ends, len(block))


def _value_counts(block: bytes, ends: Int[np.ndarray, "_"]) -> bytes:
    """How many values each line holds, 255 for more. In numpy, since to split every line takes longer than to parse."""
    blank = np.frombuffer(b"\n" + block, np.uint8) <= ord(" ")
    begins = blank[:-1] > blank[1:]  # a value is here
    counts = np.add.reduceat(begins.view(np.uint8), np.append(0, ends[:-1]), dtype=np.uint32)
    return np.minimum(counts, 255).astype(np.uint8).tobytes()


def _find_bodies(text: _Text) -> list[_Found]:
    """Go through the file by its counts alone; the joints are parsed later, all at once."""
    found: list[_Found] = []
    frames = text.whole(0, "the number of frames")
    if frames == 0:
        raise DataError(f"{text.path}, line 1, should count at least one frame, but it counts 0: leave this file out.")
    if frames > _MOST_FRAMES:
        raise text.error(0, f"at most {_MOST_FRAMES} frames")
    line = 1
    for frame in range(frames):
        bodies = text.whole(line, f"the number of bodies in frame {frame + 1} of {frames}")
        line += 1
        for _ in range(bodies):
            found.append(_Found(frame, _body_id(text, line), line))
            line += len(_BODY)
    if line < len(text.value_counts):
        raise text.error(line, f"nothing, since its {frames} frames are over")
    return found


def _body_id(text: _Text, line: int) -> str:
    """The id of the body that begins in a line, after a look at the number of values in each of its lines."""
    is_body = text.value_counts[line : line + len(_BODY)] == _BODY
    body = text.words(line).split(maxsplit=1)[0] if is_body else ""
    if not body.isdecimal() or text.words(line + 1) != _JOINT_COUNT:
        raise _misshapen(text, line)
    return body


def _misshapen(text: _Text, start: int) -> DataError:
    """What is wrong with the body that should begin in a line."""
    kinds = [f"a body's id and {_BODY[0] - 1} numbers", f"the number of joints, {_JOINT_COUNT}"]
    kinds += [f"the {_BODY[2]} numbers of a joint"] * NTU25.joint_count
    for line, (kind, count) in enumerate(zip(kinds, _BODY, strict=True), start):
        whole_line = line < len(text.value_counts) and text.value_counts[line] == count
        if not whole_line or (line == start + 1 and text.words(line) != _JOINT_COUNT):
            return text.error(line, kind)
    return text.error(start, kinds[0])  # all but the id is right


def _whole(track: Track, path: Path) -> Track:
    """The body with NaN filled before bodies are compared, since no motion is known with it; zeros stay for later."""
    finite = np.isfinite(track.joints)
    if finite.all():
        return track
    joints = track.joints.transpose(2, 0, 1)[..., None].copy()  # which is filled in place
    whole, _ = complete(joints, None, ReadOptions(fill_gaps=True), NTU25, path.name)
    return Track(track.frames, np.where(finite, track.joints, whole[..., 0].transpose(1, 2, 0)))


def _read_positions(text: _Text, found: list[_Found], fill_gaps: bool) -> Float[np.ndarray, "_ V 3"]:
    """The joints of every body in `found`, parsed some bodies at a time."""
    positions = np.zeros((len(found), NTU25.joint_count, 3), np.float32)
    for first in range(0, len(found), _BODIES):
        some = found[first : first + _BODIES]
        joined = b"".join(text.lines(body.line + 2, NTU25.joint_count) for body in some)
        lines = joined.decode().removesuffix("\n").split("\n")
        if (numbers := _parse(lines)) is None:
            raise text.error(_joint_line(some, _first_bad(lines)), f"the {_BODY[2]} numbers of a joint")
        with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused with the rest
            positions[first : first + _BODIES] = numbers.reshape(len(some), NTU25.joint_count, 3)
    if not fill_gaps and (bad := np.flatnonzero(~np.isfinite(positions).all(axis=2))).size:
        error = text.error(_joint_line(found, int(bad[0])), "a joint's position as finite numbers of metres")
        raise DataError(f"{str(error).removesuffix('.')}, or fill the gap.", option="fill_gaps")
    return positions


def _joint_line(found: list[_Found], index: int) -> int:
    body, joint = divmod(index, NTU25.joint_count)
    return found[body].line + 2 + joint


def _parse(lines: list[str]) -> Float[np.ndarray, "_ 3"] | None:
    """The first three numbers of each line, or None if some are none.

    numpy's loadtxt parses in C. It measured faster than ``np.fromstring`` and, unlike that, does not take "1.5.3" for
    two numbers. To parse all twelve takes twice the time.
    """
    if not lines:
        return np.zeros((0, 3))
    try:
        return np.loadtxt(lines, comments=None, usecols=(0, 1, 2), ndmin=2)
    except ValueError:
        return None


def _first_bad(lines: list[str]) -> int:
    """Index of the first line that does not parse, where some line does not: by halving, so in twice the time."""
    good, bad = 0, len(lines)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _parse(lines[good:middle]) is None:
            bad = middle
        else:
            good = middle
    return good


def _follow_ids(text: _Text, found: list[_Found], joints: Float[np.ndarray, "_ V 3"]) -> tuple[Track, ...]:
    """Gather the bodies by id."""
    indices: dict[str, list[int]] = {}
    for index in np.flatnonzero(joints.any(axis=(1, 2))).tolist():
        same = indices.setdefault(found[index].body, [])
        if same and found[same[-1]].frame == found[index].frame:
            raise text.error(found[index].line, "a body's id that is new in its frame")
        same.append(index)
    if not indices:
        raise DataError(
            f"{text.path} should show a body in at least one frame, but none is tracked: leave this file out, as the "
            "data set's list of samples with missing skeletons does."
        )
    frames = np.array([body.frame for body in found])
    return tuple(Track(frames[same], joints[same]) for same in indices.values())


def _starts_like_ntu(lines: list[list[bytes]]) -> bool:
    frames, *rest = lines
    while rest and rest[0] == [b"0"]:
        rest.pop(0)
    expected = (_is_count, _is_id_line, _is_count)
    return _is_count(frames) and all(check(line) for check, line in zip(expected, rest, strict=False))


def _is_count(words: list[bytes]) -> bool:
    return len(words) == 1 and words[0].isdigit()


def _is_id_line(words: list[bytes]) -> bool:
    return len(words) > 1 and words[0].isdigit()
