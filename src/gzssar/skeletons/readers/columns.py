"""Which cells of a row make a clip: by the names of the columns, or by their number where names tell nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import LAYOUTS, OPENPOSE25, Layout, layout_named
from gzssar.skeletons.readers.arrays import PICTURE_LAYOUTS, agreed_layout, required_layout
from gzssar.skeletons.readers.delimited import TextTable
from gzssar.skeletons.readers.headers import Header, Joint, joints_of, layouts_with
from gzssar.skeletons.readers.joint_names import find_joints
from gzssar.skeletons.readers.markers import REQUIRED, joints_of_markers
from gzssar.skeletons.readers.mocap import Weights, used_in
from gzssar.skeletons.readers.reader import ReadOptions


@dataclass(frozen=True)
class Columns:
    """Where things stand in each row."""

    layout: Layout
    """What the joints are."""

    coordinates: tuple[int, ...]
    """n * C columns: x, y and, in space, z of joint 0, then of joint 1, and so on."""

    visibility: tuple[int, ...]
    """n columns, or none."""

    unit: str | None = None
    """What the coordinates are counted in, where the names say so."""

    doubts: tuple[Doubt, ...] = ()
    """What had to be assumed."""

    weights: tuple[Weights, ...] = ()
    """Each of the layout's V joints as a mean of the n that stand there; empty where they are the same."""

    @property
    def joint_count(self) -> int:
        """n."""
        return len(used_in(self.weights)) if self.weights else self.layout.joint_count

    @property
    def dimensions(self) -> int:
        """C."""
        return len(self.coordinates) // self.joint_count


class KnownJoints(NamedTuple):
    """Which of a file's joints are those of a layout."""

    layout: Layout
    """What the joints are."""

    order: list[Joint]
    """The file's names for the joints, in the layout's order, or in that of the weights."""

    doubts: tuple[Doubt, ...] = ()
    """What had to be assumed."""

    weights: tuple[Weights, ...] = ()
    """The layout's joints as means of these, where they are not the same."""


def columns_of(table: TextTable, header: Header, options: ReadOptions) -> Columns:
    """Find the joints' columns in a table with one row per frame.

    Raises:
        DataError: the columns are not those of the layout's joints.
        ConfigError: neither the names nor the options tell the layout, or they contradict each other.
    """
    if header.has_axes:
        return _by_name(table.path, header, options)
    if header.others:
        others = ", ".join(dict.fromkeys(header.others.values()))
        raise DataError(
            f"{table.path} should hold positions of joints, but it holds {others} "
            f"({header.named(list(header.others))}): compute the joints' positions and write those."
        )
    return _by_number(table, header, required_layout(options, table.path))


def known_joints(names: Mapping[Joint, str], options: ReadOptions, path: Path) -> KnownJoints:
    """Find a layout's joints among the names, or numbers, that a file has for them.

    Args:
        names: as the file orders and spells them.
        options: they name the layout where the names do not tell it.
        path: the file, for messages.

    Raises:
        DataError: the layout has other joints.
        ConfigError: neither names nor options tell the layout, or they contradict each other.
    """
    if found := layouts_with(names):
        layout = next((layout for layout in found if layout.name == options.layout), found[0])
        return KnownJoints(agreed_layout(options, layout.name, path), joints_of(layout))
    if _are_markers(names, options, path):
        return _as_markers(names, options, path)
    if options.layout is None and not _numbers(names):
        shown = ", ".join(repr(name[:20]) for name in list(names.values())[:3])
        raise ConfigError(
            f"{path} names joints that no layout has ({shown}, …): rename them (LeftHip, RKnee, Neck, …), or name the "
            f"layout whose order they have, one of {', '.join(LAYOUTS)}; of markers on the skin, compute joints first.",
            option="layout",
        )
    layout = required_layout(options, path)
    count = f"the {layout.joint_count} joints of layout {layout.name!r}"
    if numbers := _numbers(names):
        if sorted(numbers) not in [list(range(first, first + layout.joint_count)) for first in (0, 1)]:
            raise DataError(
                f"{path} should number {count} from 0 or 1 on, but has {len(numbers)} numbers from {min(numbers)} to "
                f"{max(numbers)}: name the layout of its joints.",
                option="layout",
            )
        return KnownJoints(layout, [numbers[number] for number in sorted(numbers)])
    lacking = [name for name, joint in zip(layout.joint_names, joints_of(layout), strict=True) if joint not in names]
    if len(lacking) < layout.joint_count or len(names) != layout.joint_count:
        raise DataError(
            f"{path} should have {count}, but none of its {len(names)} joints is called {lacking[0]!r}: rename them, "
            "or name another layout.",
            option="layout",
        )
    sentence = f"The names of the joints are not known, so they are taken in the order of layout {layout.name!r}."
    return KnownJoints(layout, list(names), (Doubt("joint-names-unknown", sentence),))


def _are_markers(names: Mapping[Joint, str], options: ReadOptions, path: Path) -> bool:
    """Whether names are those of a body in motion capture, and not mostly those of the layout that the options name."""
    if options.layout not in (None, OPENPOSE25.name):
        joints = joints_of(layout_named(options.layout))
        if 2 * sum(joint in names for joint in joints) > len(joints):
            return False
    return set(REQUIRED) <= find_joints(list(names.values()), path).keys()


def _as_markers(names: Mapping[Joint, str], options: ReadOptions, path: Path) -> KnownJoints:
    """The joints of a body whose names are those of motion capture."""
    layout, chosen, doubts = joints_of_markers(list(names.values()), options, path)
    joints, used = list(names), used_in(chosen)
    weights = tuple({used.index(index): weight for index, weight in joint.items()} for joint in chosen)
    return KnownJoints(layout, [joints[index] for index in used], doubts, weights)


def check_depth(dimensions: int, has_visibility: bool, layout: Layout, path: Path) -> None:
    """Refuse a visibility in the place of z: sensors that have both leave z out only when somebody cuts it off.

    Raises:
        DataError: there are x, y and a visibility, but the layout is not one of pictures.
    """
    if dimensions == 2 and has_visibility and layout.name not in PICTURE_LAYOUTS:
        raise DataError(
            f"{path} should have x, y and z of the joints of layout {layout.name!r}, but it has two coordinates and a "
            "visibility of each, and no depth: write z as well."
        )


def _by_name(path: Path, header: Header, options: ReadOptions) -> Columns:
    at: dict[tuple[Joint, str], int] = {}
    for index, column in header.parts.items():
        if at.setdefault((column.joint, column.part), index) != index:
            raise DataError(
                f"{path}, line 1, should name each column once, but {header.names[index]!r} comes twice or means the "
                "same as another: correct the names."
            )
    names = {column.joint: column.called for column in header.parts.values() if column.part in "xyz"}
    known = known_joints(names, options, path)
    parts = [{part for name, part in at if name == joint} for joint in known.order]
    axes = "xyz" if "z" in parts[0] else "xy"
    for joint, has in zip(known.order, parts, strict=True):
        if has & set("xyz") != set(axes):
            raise DataError(
                f"{path}, line 1, should name {', '.join(axes)} of each joint, but for {names[joint]!r} it names "
                f"{', '.join(sorted(has & set('xyz')))}: add the others."
            )
    scored = all("visibility" in has for has in parts)
    check_depth(len(axes), scored, known.layout, path)
    coordinates = tuple(at[joint, axis] for joint in known.order for axis in axes)
    units = {header.parts[index].unit for index in coordinates}
    visibility = tuple(at[joint, "visibility"] for joint in known.order) if scored else ()
    unused = sorted({*header.unknown, *header.parts}.difference(coordinates, visibility))
    doubts = (*known.doubts, *_unused(header, unused))
    unit = units.pop() if len(units) == 1 else None
    return Columns(known.layout, coordinates, visibility, unit, doubts, known.weights)


def _by_number(table: TextTable, header: Header, layout: Layout) -> Columns:
    """Columns whose names tell nothing, or that have none: x, y and z of joint 0, then of joint 1 and so on."""
    columns: Sequence[int] = sorted({*header.unknown, *header.parts}) if table.names else range(table.width)
    allowed = (3 * layout.joint_count, 2 * layout.joint_count)
    if not table.names and not table.sample[-1] and len(columns) - 1 in allowed:
        columns = columns[:-1]  # each row ends in a separator
    if len(columns) not in allowed:
        raise DataError(
            f"{table.path}, line {table.before + 1}, should have {allowed[0]} numbers (x, y, z) or {allowed[1]} (x, y) "
            f"for the {layout.joint_count} joints of layout {layout.name!r}, but has {len(columns)}: if there are "
            "others, name the columns in a first row."
        )
    if not table.names:
        return Columns(layout, tuple(columns), ())
    sentence = f"The columns' names tell no joints, so they are taken joint by joint in the order of {layout.name!r}."
    return Columns(layout, tuple(columns), (), doubts=(Doubt("column-names-unknown", sentence),))


def _unused(header: Header, columns: Sequence[int]) -> tuple[Doubt, ...]:
    if not columns:
        return ()
    return (Doubt("columns-unused", f"Columns that are not about joints were left out: {header.named(columns)}."),)


def _numbers(names: Collection[Joint]) -> dict[int, Joint]:
    """The joints by their number; empty where one has a name. pandas leaves the first number out."""
    numbers = {int(name[0]) if name else 0: name for name in names if len(name) < 2 and (not name or name[0].isdigit())}
    return numbers if len(numbers) == len(names) else {}
