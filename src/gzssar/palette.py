"""The colours of all pictures."""

INK, MUTED, GRID, PAPER = "#1d2733", "#5b6673", "#e1e6eb", "#ffffff"
"""Text, secondary text, lines and background."""

SEEN, UNSEEN = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito, told apart with any colour vision. Left and right joints have them too."""
