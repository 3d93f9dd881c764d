"""How large bodies are, and the units of their positions."""

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}
"""Metres of a unit."""
UNIT_NAMES = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "in": "inches", "ft": "feet"}

POSSIBLE_HEIGHTS = (0.3, 3.0)
"""Metres between which the longest side of a body's bounding box may lie."""
LIKELY_HEIGHTS = (0.8, 2.6)
"""Metres of the same side, from crouching to raised arms, if the unit is guessed from it: so 63 inches do not count as
a child of 63 cm."""
