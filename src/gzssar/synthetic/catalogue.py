"""The actions: 48 of them, each composed of the primitives, and the fixed class split.

Ids follow the alphabet. ``texts/data/synthetic.csv`` describes the same actions in words; change both together.

How the split was picked, before any encoder saw the world: 32 everyday actions make up the vocabulary. Each of the 8
unseen and 8 validation-unseen classes recombines two or three parts that everyday actions use (jumping and raised
arms make "jumping jack"), the way unseen classes of real data share body-part motions with seen ones. The first
measurement found seen classes nearly saturated, so noise and variation (``world``) were raised once, by their accuracy
on seen classes; three motions were corrected to agree with their texts. Neither the actions nor the split nor the
texts were changed to move a result on unseen classes.
"""

from math import pi

from gzssar.splits import ClassSplit
from gzssar.synthetic.motions import Motion, Move, Pulse, Repeat, Stay, Swing, Then, Together, minus, offset
from gzssar.synthetic.primitives import (
    CHEST,
    FORWARD,
    SIDES,
    Place,
    add,
    bend,
    both,
    both_by,
    circles,
    crouch,
    foot,
    hand,
    hop,
    jump,
    kick,
    lift,
    march,
    nod,
    punch,
    reach,
    shake_head,
    sit,
    squat,
    visit,
)

# Outward, up, forward of the spine shoulder, as in ``primitives``.
MOUTH: Place = (0.02, 0.10, 0.17)
FOREHEAD: Place = (0.10, 0.26, 0.14)
TOP_OF_HEAD: Place = (0.06, 0.36, 0.02)
EAR: Place = (0.14, 0.18, 0.04)
BESIDE_HEAD: Place = (0.38, 0.26, 0.12)
BEHIND_HEAD: Place = (0.34, 0.24, -0.20)
OVERHEAD: Place = (0.20, 0.54, 0.04)
PALMS_TOGETHER: Place = (0.01, -0.10, 0.24)
CROSSED: Place = (-0.14, -0.06, 0.26)
BELLY: Place = (0.03, -0.34, 0.20)
BEFORE_WAIST: Place = (0.14, -0.34, 0.34)
LOW_BACK: Place = (0.06, -0.42, -0.18)
BEFORE_FEET: Place = (0.06, -0.22, 0.55)  # once the torso is bent
SIDEWAYS: Place = (0.78, -0.02, 0.02)

_CLAPS = Pulse(both_by(outward=-0.10), 5)
_WAVES = Swing(hand("dominant", outward=0.2), 4)
_PUNCHES = Then((punch("dominant"), punch("other")), (1, 1))
_TURN = Move(offset(turn=2 * pi))

ACTIONS: dict[str, Motion] = {
    "arm circles": visit(both(SIDEWAYS), circles(0.2, 3), stay=4),
    "back pain": visit(add(reach("dominant", LOW_BACK), bend(-0.3), nod(-0.25)), stay=3),
    "bow": visit(add(bend(1.0), nod(0.3)), stay=1),
    "bow with palms together": visit(both(PALMS_TOGETHER), Pulse(add(bend(1.0), nod(0.3))), stay=4),
    "brush hair": visit(
        reach("dominant", TOP_OF_HEAD), Pulse(hand("dominant", outward=0.10, up=-0.32, forward=-0.06), 3), stay=4
    ),
    "brush teeth": visit(reach("dominant", MOUTH), Swing(hand("dominant", outward=0.08, forward=-0.02), 6), stay=4),
    "cheer up": visit(both(OVERHEAD), Pulse(both_by(outward=0.06, up=-0.28), 3), stay=3),
    "clap": visit(both(CHEST), _CLAPS, stay=4),
    "clap overhead": visit(both(OVERHEAD), Pulse(both_by(outward=-0.18), 5), stay=4),
    "cough": visit(reach("dominant", MOUTH), Pulse(add(bend(0.4), nod(0.25)), 3), stay=3),
    "cross arms": visit(both(CROSSED), stay=2),
    "drink water": visit(reach("dominant", MOUTH), Pulse(nod(-0.45)), stay=2),
    "eat meal": visit(reach("dominant", BEFORE_WAIST), Pulse(reach("dominant", MOUTH, start=BEFORE_WAIST), 3), stay=6),
    "fall down": Then(
        (Move(add(crouch(0.15), both_by(outward=0.1, up=0.2, forward=0.3))), Move(offset(topple=1.35))),
        (1, 2),
    ),
    "hand waving": visit(reach("dominant", BESIDE_HEAD), _WAVES, stay=4),
    "hop on one leg": visit(foot("other", up=0.3, forward=-0.1), hop(4), stay=5),
    "jump up": jump(),
    "jumping jack": Repeat(
        Together(
            (
                Pulse(both(OVERHEAD)),
                Pulse(lift(0.1), 2),
                Pulse(add(*(foot(side, outward=0.22) for side in SIDES))),
            )
        ),
        3,
    ),
    "kick and punch": Then((kick("dominant", forward=0.7), visit(both(CHEST), _PUNCHES)), (1, 2)),
    "kick something": kick("dominant", forward=0.7),
    "march on the spot": march(3),
    "march with arm circles": Together((march(3, swinging=()), visit(both(SIDEWAYS), circles(0.2, 3), stay=4))),
    "nod": Pulse(nod(0.5), 3),
    "phone call": visit(reach("dominant", EAR), stay=4),
    "phone call while marching": Together((visit(reach("dominant", EAR), stay=4), march(3, swinging=("other",)))),
    "pick up": Pulse(add(bend(0.9), crouch(0.5), reach("dominant", BEFORE_FEET))),
    "point to something": visit(reach("dominant", FORWARD), stay=2),
    "punch": visit(both(CHEST), Repeat(_PUNCHES, 2), stay=5),
    "put palms together": visit(both(PALMS_TOGETHER), stay=3),
    "reading": visit(add(both(BEFORE_WAIST), nod(0.45)), stay=5),
    "refuse": visit(both(CROSSED), shake_head(3), stay=3),
    "salute": visit(reach("dominant", FOREHEAD), stay=1.5),
    "shake head": shake_head(3),
    "shoot at the basket": Then(
        (
            Move(add(both(CHEST), crouch(0.15))),
            Move(add(minus(crouch(0.15)), both(OVERHEAD, start=CHEST))),
            Move(minus(both(OVERHEAD))),
        ),
        (1, 1, 1),
    ),
    "side bends": Swing(offset(spine=(0, 0.5, 0)), 2),
    "side kick": kick("dominant", outward=0.6),
    "sit down": Move(sit()),
    "sit down and drink": Then((Move(sit()), visit(reach("dominant", MOUTH), Pulse(nod(-0.45)))), (1, 2)),
    "squat down": squat(2),
    "squat with arms forward": Together((squat(2), visit(both(FORWARD), stay=4))),
    "stand up": Together((Stay(sit()), Move(minus(sit())))),
    "stomach ache": visit(add(both(BELLY), bend(0.5), nod(0.2)), stay=4),
    "stretch oneself": visit(add(both(OVERHEAD), bend(-0.25), nod(-0.3)), stay=2),
    "throw": Then(
        (
            Move(add(reach("dominant", BEHIND_HEAD), offset(spine=(-0.1, 0, 0.5)))),
            Move(add(reach("dominant", FORWARD, start=BEHIND_HEAD), offset(spine=(0.35, 0, -0.9)))),
            Move(add(minus(reach("dominant", FORWARD)), offset(spine=(-0.25, 0, 0.4)))),
        ),
        (2, 1, 2),
    ),
    "turn around": _TURN,
    "turn around with arms out": Together((_TURN, visit(both(SIDEWAYS), stay=4))),
    "wave both hands": visit(both(BESIDE_HEAD), _WAVES, Swing(hand("other", outward=0.2), 4), stay=4),
    "wipe face": visit(reach("dominant", FOREHEAD), Pulse(hand("dominant", outward=-0.04, up=-0.2), 3), stay=4),
}
"""Every action by label, in order of class id."""

_UNSEEN = (
    "bow with palms together",
    "cough",
    "jumping jack",
    "phone call while marching",
    "refuse",
    "shoot at the basket",
    "squat with arms forward",
    "wave both hands",
)
_VALIDATION_UNSEEN = (
    "clap overhead",
    "hop on one leg",
    "kick and punch",
    "march with arm circles",
    "sit down and drink",
    "stretch oneself",
    "turn around with arms out",
    "wipe face",
)
_IDS = {label: class_id for class_id, label in enumerate(ACTIONS)}

SYNTHETIC_SPLIT = ClassSplit(
    name=f"synthetic-{len(ACTIONS) - len(_UNSEEN)}-{len(_UNSEEN)}",
    class_count=len(ACTIONS),
    unseen=tuple(_IDS[label] for label in _UNSEEN),
    validation_unseen=tuple(_IDS[label] for label in _VALIDATION_UNSEEN),
)
"""The world's fixed split: 40 seen classes, 8 of them validation-unseen, and 8 unseen."""
