"""Which joints a sensor reports, how bones connect them, and which are left and right: one record per sensor layout."""

from dataclasses import dataclass

from gzssar.errors import DataError


@dataclass(frozen=True)
class Layout:
    """The joints of one sensor, in the order of axis V."""

    name: str
    """Key in :data:`LAYOUTS`."""

    joint_names: tuple[str, ...]
    """One name per joint."""

    bones: tuple[tuple[int, int], ...]
    """(child, parent) pairs that form a tree: every joint but the root is a child once."""

    left_right: tuple[tuple[int, int], ...]
    """(left, right) pairs of joints that swap in a mirror; all others lie on the midline."""

    root: int
    """The joint at the root of the tree."""

    def __post_init__(self) -> None:
        children = sorted(child for child, _ in self.bones)
        expected = [joint for joint in range(self.joint_count) if joint != self.root]
        if children != expected:
            raise DataError(
                f"in layout {self.name!r} every joint but the root ({self.root}) must be the child of one bone, "
                f"but the children are {children}."
            )

    @property
    def joint_count(self) -> int:
        """V."""
        return len(self.joint_names)

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each joint, the joint on the other side (itself on the midline): index axis V with it to mirror."""
        order = list(range(self.joint_count))
        for left, right in self.left_right:
            order[left], order[right] = right, left
        return tuple(order)


def _sides(*names: str) -> tuple[str, ...]:
    return tuple(f"{side} {name}" for side in ("left", "right") for name in names)


NTU25 = Layout(
    name="ntu25",
    joint_names=(
        *("base of spine", "mid spine", "neck", "head"),
        *_sides("shoulder", "elbow", "wrist", "hand"),
        *_sides("hip", "knee", "ankle", "foot"),
        "spine shoulder",
        *_sides("hand tip", "thumb"),
    ),
    bones=(
        *((1, 0), (20, 1), (2, 20), (3, 2)),
        *((4, 20), (5, 4), (6, 5), (7, 6), (22, 7), (21, 22)),
        *((8, 20), (9, 8), (10, 9), (11, 10), (24, 11), (23, 24)),
        *((12, 0), (13, 12), (14, 13), (15, 14)),
        *((16, 0), (17, 16), (18, 17), (19, 18)),
    ),
    left_right=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19), (21, 23), (22, 24)),
    root=0,
)
"""Kinect v2, in the order of NTU RGB+D (Shahroudy et al., CVPR 2016, figure 2); bones as ST-GCN draws them."""

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (NTU25,)}
"""Every layout by name."""
