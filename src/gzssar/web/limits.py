"""The bounds of what visitors may ask for. Importing this costs neither torch nor FastAPI."""

from dataclasses import dataclass

MIB = 2**20

_TIMES_ITS_SIZE = 20
"""Bytes of memory that reading an upload may take for each byte of it."""
_ANY_UPLOAD = 16 * MIB
"""Bytes of memory that reading any upload may take: enough for 10,000 frames of 25 joints,
however tightly they are packed."""


@dataclass(frozen=True)
class Limits:
    """How much one request, and all of them together, may ask of the server."""

    max_upload_bytes: int = 16 * MIB
    """Size of a clip's file."""

    max_unpacked_bytes: int = 128 * MIB
    """Size of what an uploaded archive unpacks to, all its files together."""

    max_reading_bytes: int = 300 * MIB
    """Memory that reading the largest uploads may take, beside what its process has at its start; see
    :meth:`reading_bytes` for others."""

    max_frames: int = 10_000
    """Frames of a clip."""

    time_limit_s: float = 30.0
    """Seconds that an answer may take, and that a request's body may take to arrive."""

    max_requests: int = 256
    """Requests at the same time, in whatever state; further ones are told to come back."""

    workers: int = 2
    """Requests worked on at the same time."""

    queue: int = 32
    """Requests that may wait for a worker; further ones are told to come back."""

    max_classes: int = 50
    """Classes that one visitor, or with `shared` all visitors together, may add or teach."""

    max_video_reading_bytes: int = 3072 * MIB
    """Memory that it may take to read a video, beside what the process takes that reads it."""

    max_video_s: float = 30.0
    """Seconds of a video."""

    max_video_side: int = 4096
    """Its pixels, across and down."""

    max_picture_bytes: int = 512 * 1024
    """Size of a camera's picture, as JPEG."""

    max_picture_side: int = 1280
    """Its pixels, across and down."""

    camera_s: float = 600.0
    """Seconds that a camera may run without a break."""

    camera_silence_s: float = 10.0
    """Seconds without a picture after which it is taken to be gone."""

    max_clips: int = 100
    """Clips that one visitor, or with `shared` all visitors together, may teach classes with."""

    def reading_bytes(self, size: int) -> int:
        """Memory that reading an upload may take, beside what its process has at its start.

        Args:
            size: of the upload, in bytes.

        Returns:
            Bytes: 20 times the size, at least 16 MiB and at most :attr:`max_reading_bytes`.
        """
        return min(self.max_reading_bytes, max(_ANY_UPLOAD, _TIMES_ITS_SIZE * size))
