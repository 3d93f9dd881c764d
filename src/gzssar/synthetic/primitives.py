"""What body parts can do: the words that the catalogue composes actions from.

Places are (outward, up, forward) of the spine shoulder, in metres for a body 1.7 m tall; outward is towards the
hand's own side.
"""

from typing import Literal

from gzssar.synthetic.body import HAND_AT_REST, Number
from gzssar.synthetic.motions import Motion, Move, Offset, Pulse, Repeat, Swing, Then, Together, minus, offset

Side = Literal["dominant", "other"]
SIDES: tuple[Side, Side] = ("dominant", "other")
Place = tuple[float, float, float]

CHEST: Place = (0.10, -0.14, 0.26)
FORWARD: Place = (0.16, -0.02, 0.58)


def reach(side: Side, place: Place, start: Place = HAND_AT_REST) -> Offset:
    """The way of a hand from one place to another."""
    return hand(side, *(to - begin for to, begin in zip(place, start, strict=True)))


def hand(side: Side, outward: Number = 0, up: Number = 0, forward: Number = 0) -> Offset:
    """A hand moves by so much."""
    return offset(**{f"{side}_hand": (outward, up, forward)})


def foot(side: Side, outward: Number = 0, up: Number = 0, forward: Number = 0) -> Offset:
    """A foot moves by so much."""
    return offset(**{f"{side}_foot": (outward, up, forward)})


def add(*offsets: Offset) -> Offset:
    """Several offsets at once."""
    return tuple(map(sum, zip(*offsets, strict=True)))


def both(place: Place, start: Place = HAND_AT_REST) -> Offset:
    """Both hands, each on its side, from one place to another."""
    return add(*(reach(side, place, start) for side in SIDES))


def both_by(outward: Number = 0, up: Number = 0, forward: Number = 0) -> Offset:
    """Both hands move by so much, each on its side."""
    return add(*(hand(side, outward, up, forward) for side in SIDES))


def bend(angle: Number) -> Offset:
    """The torso bends forward, the pelvis makes up for it backward."""
    return offset(spine=(angle, 0, 0), pelvis=(0, 0, -0.12 * angle))


def nod(angle: Number) -> Offset:
    """The head bows (or tips back, where the angle is negative)."""
    return offset(head=(angle, 0, 0))


def sit() -> Offset:
    """The pelvis goes down and back onto a seat, the torso a little forward."""
    return offset(pelvis=(0, -0.42, -0.36), spine=(0.15, 0, 0))


def crouch(depth: Number) -> Offset:
    """The knees bend, the pelvis sinks by `depth`, the torso leans forward."""
    return offset(pelvis=(0, -depth, -0.4 * depth), spine=(0.9 * depth, 0, 0))


def lift(height: Number) -> Offset:
    """Pelvis and both feet leave the ground."""
    return offset(pelvis=(0, height, 0), dominant_foot=(0, height, 0), other_foot=(0, height, 0))


def visit(place: Offset, *doing: Motion, stay: Number = 2) -> Motion:
    """Go somewhere, stay there for `stay` times as long while `doing`, and come back."""
    return Then((Move(place), Together(doing), Move(minus(place))), (1, stay, 1))


def jump(height: Number = 0.28) -> Motion:
    """Crouch, leave the ground with both feet, land in a crouch."""
    return Then((Pulse(crouch(0.2)), Pulse(lift(height)), Pulse(crouch(0.12))), (1.2, 1, 0.8))


def kick(side: Side, outward: Number = 0, forward: Number = 0) -> Motion:
    """A foot swings out as high as the hip and back; the torso leans away."""
    lean = offset(spine=(-0.15 if forward else 0, -0.2 if outward else 0, 0))
    return Pulse(add(foot(side, outward=outward, up=0.5, forward=forward), lean))


def circles(radius: Number, times: int) -> Motion:
    """Both hands go round at the sides, forward and up first."""
    return Together((Swing(both_by(forward=radius), times), Pulse(both_by(up=2 * radius), times)))


def march(steps: int, swinging: tuple[Side, ...] = SIDES) -> Motion:
    """The knees go up one after the other, on the spot, `steps` times each; arms swing against them."""
    knees = Then(tuple(Pulse(foot(side, up=0.32, forward=0.22)) for side in SIDES), (1, 1))
    arms = (Swing(hand(side, forward=-0.16 if side == "dominant" else 0.16)) for side in swinging)
    return Repeat(Together((knees, *arms)), steps)


def hop(times: int) -> Motion:
    """Small jumps, landing softly."""
    return Pulse(lift(0.12), times)


def squat(times: int) -> Motion:
    """Deep down on bent knees and up again."""
    return Pulse(crouch(0.42), times)


def punch(side: Side) -> Motion:
    """A fist shoots forward from the chest and comes back; the torso turns with it."""
    away = -0.35 if side == "dominant" else 0.35
    return Pulse(add(reach(side, FORWARD, start=CHEST), offset(spine=(0, 0, away))))


def shake_head(times: int) -> Motion:
    """The head turns from side to side, and tilts a little with it."""
    return Swing(offset(head=(0, 0.15, 0.7)), times)
