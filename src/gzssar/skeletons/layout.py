"""Which joints a sensor reports, how bones connect them, and which are left and right: one record per sensor layout.

Left and right are the performer's own. :mod:`~gzssar.skeletons.conversion` maps every layout to NTU-25.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

from gzssar.errors import ConfigError, DataError


@dataclass(frozen=True)
class Layout:
    """The joints of one sensor, in the order of axis V."""

    name: str
    """The name of the layout, its key in :data:`LAYOUTS`."""

    joint_names: tuple[str, ...]
    """One name per joint."""

    bones: tuple[tuple[int, int], ...]
    """(child, parent) pairs that form a tree: every joint but the root is a child once."""

    left_right: tuple[tuple[int, int], ...]
    """(left, right) pairs of joints, which a mirror swaps; all other joints are on the midline."""

    root: int
    """The joint at the root of the tree: the pelvis or, if the sensor reports none, the joint that its layout names."""

    def __post_init__(self) -> None:
        children = sorted(child for child, _ in self.bones)
        expected = [joint for joint in range(self.joint_count) if joint != self.root]
        if children != expected:
            raise DataError(
                f"in layout {self.name!r} every joint but the root ({self.root}) must be the child of one bone, "
                f"but the children are {children}."
            )
        hanging = {self.root}
        for _ in self.bones:
            hanging |= {child for child, parent in self.bones if parent in hanging}
        if loose := sorted(set(expected) - hanging):
            raise DataError(
                f"in layout {self.name!r} every joint must hang on the root ({self.root}), but {loose} do not: their "
                "bones run in a circle or lead to a joint that does not exist."
            )

    @property
    def joint_count(self) -> int:
        """V, the number of joints."""
        return len(self.joint_names)

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each joint, the joint on the other side, or itself on the midline. To mirror a clip, index axis V with
        it."""
        order = list(range(self.joint_count))
        for left, right in self.left_right:
            order[left], order[right] = right, left
        return tuple(order)

    def rooted_at(self, root: int) -> "Layout":
        """The same tree with another joint as its root: the bones between the two roots change their direction.

        Raises:
            ConfigError: there is no such joint.
        """
        if not 0 <= root < self.joint_count:
            raise ConfigError(f"the root must be one of the {self.joint_count} joints of {self.name!r}, not {root}.")
        parents = dict(self.bones)
        path = [root]
        while path[-1] != self.root:
            path.append(parents[path[-1]])
        turned = tuple((parent, child) for child, parent in pairwise(path))
        kept = tuple((child, parent) for child, parent in self.bones if child not in path)
        return replace(self, bones=turned + kept, root=root)


def _tree(name: str, table: str) -> Layout:
    """A layout from a table: "joint < parent" in the order of axis V, parted by commas; the root stands alone.

    A joint called "left ..." swaps in a mirror with the "right ..." of the same name.
    """
    parents = dict(entry.strip().partition(" < ")[::2] for entry in table.strip().split(","))
    index = {joint: number for number, joint in enumerate(parents)}
    return Layout(
        name=name,
        joint_names=tuple(parents),
        bones=tuple((index[joint], index[parent]) for joint, parent in parents.items() if parent),
        left_right=tuple((index[left], index[left.replace("left", "right")]) for left in parents if "left" in left),
        root=next(index[joint] for joint, parent in parents.items() if not parent),
    )


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

_KINECT_LIMBS = """
    left shoulder < shoulder center, left elbow < left shoulder, left wrist < left elbow, left hand < left wrist,
    right shoulder < shoulder center, right elbow < right shoulder, right wrist < right elbow, right hand < right wrist,
    left hip < hip center, left knee < left hip, left ankle < left knee, left foot < left ankle,
    right hip < hip center, right knee < right hip, right ankle < right knee, right foot < right ankle
"""

KINECT20 = _tree(
    "kinect20", "hip center, spine < hip center, shoulder center < spine, head < shoulder center," + _KINECT_LIMBS
)
"""Kinect v1, in the order of its SDK: MSR Action3D and NW-UCLA."""

UTD20 = _tree(
    "utd20", "head < shoulder center, shoulder center < spine, spine < hip center, hip center," + _KINECT_LIMBS
)
"""Kinect v1, head first: UTD-MHAD (Chen et al., ICIP 2015)."""

COCO17 = _tree(
    "coco17",
    """
    nose, left eye < nose, right eye < nose, left ear < left eye, right ear < right eye,
    left shoulder < nose, right shoulder < nose, left elbow < left shoulder, right elbow < right shoulder,
    left wrist < left elbow, right wrist < right elbow, left hip < left shoulder, right hip < right shoulder,
    left knee < left hip, right knee < right hip, left ankle < left knee, right ankle < right knee
    """,
)
"""COCO keypoints (Lin et al., ECCV 2014), as detectors of people in pictures report them: PYSKL's 2-D clips. The nose
is the root, because it is the only joint on the midline; shoulders hang on it, and hips on the shoulders."""

OPENPOSE18 = _tree(
    "openpose18",
    """
    nose < neck, neck,
    right shoulder < neck, right elbow < right shoulder, right wrist < right elbow,
    left shoulder < neck, left elbow < left shoulder, left wrist < left elbow,
    right hip < right shoulder, right knee < right hip, right ankle < right knee,
    left hip < left shoulder, left knee < left hip, left ankle < left knee,
    right eye < nose, left eye < nose, right ear < right eye, left ear < left eye
    """,
)
"""OpenPose's COCO model (Cao et al., CVPR 2017): Kinetics-Skeleton. The neck, midway between the shoulders, is the
root, and hips hang on the shoulders, as in ST-GCN."""

OPENPOSE25 = _tree(
    "openpose25",
    """
    nose < neck, neck < mid hip,
    right shoulder < neck, right elbow < right shoulder, right wrist < right elbow,
    left shoulder < neck, left elbow < left shoulder, left wrist < left elbow,
    mid hip, right hip < mid hip, right knee < right hip, right ankle < right knee,
    left hip < mid hip, left knee < left hip, left ankle < left knee,
    right eye < nose, left eye < nose, right ear < right eye, left ear < left eye,
    left big toe < left ankle, left small toe < left big toe, left heel < left ankle,
    right big toe < right ankle, right small toe < right big toe, right heel < right ankle
    """,
)
"""OpenPose's BODY_25 model (Cao et al., TPAMI 2019). The neck is midway between the shoulders."""

MEDIAPIPE33 = _tree(
    "mediapipe33",
    """
    nose, left eye inner < nose, left eye < left eye inner, left eye outer < left eye,
    right eye inner < nose, right eye < right eye inner, right eye outer < right eye,
    left ear < left eye outer, right ear < right eye outer, left mouth < nose, right mouth < nose,
    left shoulder < nose, right shoulder < nose, left elbow < left shoulder, right elbow < right shoulder,
    left wrist < left elbow, right wrist < right elbow, left pinky < left wrist, right pinky < right wrist,
    left index < left wrist, right index < right wrist, left thumb < left wrist, right thumb < right wrist,
    left hip < left shoulder, right hip < right shoulder, left knee < left hip, right knee < right hip,
    left ankle < left knee, right ankle < right knee, left heel < left ankle, right heel < right ankle,
    left foot index < left heel, right foot index < right heel
    """,
)
"""MediaPipe Pose, whose model is BlazePose (Bazarevsky et al., 2020). It has no spine: the nose is the root, because
it is the only joint on the midline; shoulders hang on it, and hips on the shoulders."""

_SMPL_BODY = """
    pelvis, left hip < pelvis, right hip < pelvis, spine1 < pelvis,
    left knee < left hip, right knee < right hip, spine2 < spine1,
    left ankle < left knee, right ankle < right knee, spine3 < spine2,
    left foot < left ankle, right foot < right ankle,
    neck < spine3, left collar < spine3, right collar < spine3, head < neck,
    left shoulder < left collar, right shoulder < right collar,
    left elbow < left shoulder, right elbow < right shoulder, left wrist < left elbow, right wrist < right elbow
"""

SMPL22 = _tree("smpl22", _SMPL_BODY)
"""SMPL without its hands, which is how SMPL-H and SMPL-X begin: AMASS, BABEL, HumanML3D."""

SMPL24 = _tree("smpl24", _SMPL_BODY + ", left hand < left wrist, right hand < right wrist")
"""SMPL (Loper et al., SIGGRAPH Asia 2015)."""

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (NTU25, KINECT20, UTD20, COCO17, OPENPOSE18, OPENPOSE25, MEDIAPIPE33, SMPL22, SMPL24)
}
"""Every layout by name."""


def layout_named(name: str) -> Layout:
    """Look up a layout.

    Raises:
        ConfigError: there is no layout of that name.
    """
    if name not in LAYOUTS:
        raise ConfigError(f"the layout should be one of {', '.join(LAYOUTS)}, but it is {name!r}.")
    return LAYOUTS[name]
