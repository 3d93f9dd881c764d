"""Arguments of `gzssar serve`, and the bounds of what visitors may ask for. Importing this costs neither torch nor
FastAPI. The docstring under a field of `ServeConfig` is its help on the command line.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from gzssar.errors import ConfigError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """How much one request, and all of them together, may ask of the server."""

    max_upload_bytes: int = 16 * MIB
    """Size of a clip's file."""

    max_unpacked_bytes: int = 128 * MIB
    """Size of what an uploaded archive unpacks to, all its files together."""

    max_frames: int = 10_000
    """Frames of a clip."""

    time_limit_s: float = 30.0
    """Seconds that an answer may take, and that a request's body may take to arrive."""

    workers: int = 2
    """Requests worked on at the same time."""

    queue: int = 32
    """Requests that may wait for a worker; further ones are told to come back."""

    max_classes: int = 50
    """Classes that one visitor, or with `shared` all visitors together, may add."""


@dataclass(frozen=True)
class ServeConfig:
    """A web page that recognizes clips and takes classes described in words."""

    model: Annotated[Path | None, tyro.conf.Positional] = None
    """A model's folder, as `gzssar fit` writes it; without one, the embedded synthetic model."""

    host: str = "127.0.0.1"
    """Address to listen on. The usual one is reachable from this machine alone; 0.0.0.0 from everywhere."""

    port: int = 8000
    """Port to listen on; 0 takes a free one."""

    shared: bool = False
    """Classes that a visitor adds are there for all visitors, until the server ends."""

    max_upload_mib: int = 16
    """Largest clip to be uploaded, in MiB."""

    max_frames: int = 10_000
    """Longest clip, in frames."""

    time_limit_s: float = 30.0
    """Seconds that an answer may take."""

    samples: Path | None = None
    """A folder of clips that the page offers; usually the model's own `samples`."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"--port is a number from 0 to 65535, but it is {self.port}.")
        for field in ("max_upload_mib", "max_frames", "time_limit_s"):
            if not getattr(self, field) > 0:
                raise ConfigError(f"--{field.replace('_', '-')} should be positive, but it is {getattr(self, field)}.")

    @property
    def limits(self) -> Limits:
        """The bounds that these arguments ask for."""
        upload = self.max_upload_mib * MIB
        return Limits(upload, 8 * upload, self.max_frames, self.time_limit_s)
