"""AlphaPose's results: a JSON list with one object per person and frame.

Each has `image_id` (such as "video_12.jpg"), `keypoints` (x and y in pixels and a score, joint by joint) and, where
people were tracked, `idx`. A clip is one person of one video; without `idx`, all people of a video. Reference: Fang et
al., "AlphaPose", TPAMI 2022, `docs/output.md`.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

from gzssar.errors import DataError
from gzssar.skeletons.layout import Layout, layout_named
from gzssar.skeletons.readers.density import check_density
from gzssar.skeletons.readers.json_files import number_array, read_json_items
from gzssar.skeletons.readers.people import Pose, clip_of_people
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource, ReadOptions

_START = re.compile(rb"(\xef\xbb\xbf)?\s*\[\s*\{")
_IMAGE = re.compile(r"(?P<video>.*?)[_-]?(?P<frame>\d{1,12})(\.\w+)?", re.ASCII)
_HIGHEST_IDX = 10**9
_LARGEST = 256 * 2**20  # bytes


class AlphaPoseReader:
    """AlphaPose's results."""

    kind = "AlphaPose JSON"

    def recognizes(self, path: Path, start: bytes) -> bool:
        """Whether this is a JSON list of objects with image_id and keypoints."""
        return bool(_START.match(start)) and b'"image_id"' in start and b'"keypoints"' in start

    def open(self, path: Path, options: ReadOptions) -> ClipSource:
        """Read the file and list its people. Frames per second are 30 unless the options say otherwise.

        The layout is coco17; the options name any other.

        Raises:
            DataError: the file is damaged, or an object lacks something.
            ConfigError: the options name a layout that does not exist.
        """
        layout = layout_named(options.layout or "coco17")
        clips: dict[tuple[str, str], list[Pose]] = {}
        for key, item, index in read_json_items(path, _LARGEST):
            if key is not None or index is None:
                raise DataError(f"{path} should be JSON with a list of objects, but it is something else.")
            video, frame = _image(item, f"{path}: object {index}")
            pose = Pose.of(frame, _keypoints(item, layout, f"{path}: object {index}"))
            clips.setdefault((video, _person(item)), []).append(pose)
            check_density(path, (index + 1) * pose.joints.size)
        entries = []
        for about, poses in clips.items():
            name = f"{path.name}[{' '.join(filter(None, about)) or 0}]"
            frames = range(min(pose.frame for pose in poses), max(pose.frame for pose in poses) + 1)
            entries.append(ClipEntry(name, partial(clip_of_people, poses, frames, options, name, layout)))
        return ClipSource(self.kind, entries)


def _image(item: Any, where: str) -> tuple[str, int]:
    """The video and the number of the frame."""
    image = item.get("image_id") if isinstance(item, dict) else None
    match = _IMAGE.fullmatch(image if isinstance(image, str) else str(image) if type(image) is int else "")
    if match is None:
        raise DataError(f"{where} should have an 'image_id' that ends in the number of a frame, but it does not.")
    return match["video"], int(match["frame"])


def _person(item: dict[str, Any]) -> str:
    """The person's number in a video; empty where people were not tracked."""
    idx: Any = item.get("idx")
    return f"person {idx:.0f}" if type(idx) in (int, float) and -1 <= idx < _HIGHEST_IDX else ""


def _keypoints(item: dict[str, Any], layout: Layout, where: str) -> Any:
    numbers = number_array(item.get("keypoints"))
    if numbers is None or numbers.shape != (3 * layout.joint_count,):
        has = "something else" if numbers is None else f"{numbers.size} numbers"
        raise DataError(
            f"{where} should have {3 * layout.joint_count} 'keypoints', x, y and score of the {layout.joint_count} "
            f"joints of layout {layout.name!r}, but it has {has}: run AlphaPose with a COCO model, or name the layout.",
            option="layout",
        )
    return numbers.reshape(-1, 3)
