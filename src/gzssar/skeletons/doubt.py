"""What speaks against trusting a clip or its answer: a code for programs and a sentence for people."""

from typing import NamedTuple


class Doubt(NamedTuple):
    """One reason for doubt. No clip is refused because of a doubt."""

    code: str
    """The kind of doubt, in words joined by hyphens: ``"frame-rate-assumed"``. Codes do not change; sentences may."""

    sentence: str
    """What was found in this clip, and what to do about it."""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return self._asdict()
