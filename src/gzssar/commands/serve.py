"""`gzssar serve`: the web page around one recognizer."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gzssar.commands.console import progress_bar, warn
from gzssar.commands.named_model import load_model
from gzssar.commands.options import pose_model
from gzssar.errors import ConfigError, MissingExtraError
from gzssar.web.limits import MIB, Limits

if TYPE_CHECKING:
    from gzssar.web.samples import Samples


@dataclass(frozen=True)
class ServeConfig:
    """A web page that recognizes clips and takes classes described in words."""

    model: Annotated[Path | None, tyro.conf.Positional] = None
    """The folder of a fitted model, or a name that `gzssar models` lists. By default, the packaged model."""

    synthetic: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Use the embedded synthetic model, which knows 48 actions of a made-up puppet, and offer clips of the puppet."""

    host: str = "127.0.0.1"
    """Address to listen on. The default can be reached only from this machine, 0.0.0.0 from everywhere."""

    port: int = 8000
    """Port to listen on; 0 takes a free one."""

    shared: bool = False
    """Share the classes that a visitor adds with all visitors, until the server ends."""

    max_upload_mib: int = 16
    """Largest clip that can be uploaded, in MiB."""

    max_frames: int = 10_000
    """Longest clip, in frames."""

    time_limit_s: float = 30.0
    """Seconds that an answer may take."""

    samples: Path | None = None
    """A folder of clips that the page offers; by default the folder `samples` of the model."""

    camera: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Let visitors from other machines use their cameras and send videos, if --host lets them in. Visitors on this
    machine always may. A browser gives its camera to a remote page only over https."""

    pose_model: Path | None = None
    """Pose model that finds people in pictures: a model of MediaPipe's Tasks interface (pose_landmarker_….task), or the
    name of one that `gzssar models` lists. Default: the model in the wheel of MediaPipe 0.10.21, otherwise the
    fetched one."""

    def __post_init__(self) -> None:
        if self.synthetic and self.model:
            raise ConfigError(
                "--synthetic already chooses a model: leave out either --synthetic or the name of the model."
            )
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"--port is a number from 0 to 65535, but it is {self.port}.")
        for field in ("max_upload_mib", "max_frames", "time_limit_s"):
            if not getattr(self, field) > 0:
                raise ConfigError(f"--{field.replace('_', '-')} should be positive, but it is {getattr(self, field)}.")

    @property
    def limits(self) -> Limits:
        """The bounds that these arguments ask for."""
        upload = self.max_upload_mib * MIB
        return Limits(
            max_upload_bytes=upload,
            max_unpacked_bytes=8 * upload,
            max_frames=self.max_frames,
            time_limit_s=self.time_limit_s,
        )


def serve(config: Annotated[ServeConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Open a web page that recognizes clips and takes classes described in words."""
    from gzssar.running import one_thread
    from gzssar.skeletons.poses import pose_finder
    from gzssar.texts.encoders.cache import MemoryCache
    from gzssar.texts.encoding import load_text_encoders
    from gzssar.web.server import serve as serve_page, warm_up

    find_poses = pose_finder(pose_model(config.pose_model))
    with progress_bar() as progress:
        if config.synthetic:
            from gzssar.recognizer.embedded import synthetic_model

            recognizer = synthetic_model(progress, warn)
        else:
            recognizer = load_model(config.model)
    recognizer.encoder  # noqa: B018  # a model made from features is refused here, not at each visitor's clip
    try:
        encoders = load_text_encoders(recognizer.parts.encoding, MemoryCache())  # visitors' texts stay off the disk
        recognizer = recognizer.with_text_encoders(encoders)
        warm_up(encoders)
    except MissingExtraError as error:
        warn(f"classes cannot be added in words: {error}")
    samples = offered(config, recognizer.synthetic)
    with one_thread():  # once for all requests, whose own limits would undo each other's
        serve_page(
            recognizer, config.host, config.port, config.limits, config.shared, samples, find_poses, config.camera
        )


def offered(config: ServeConfig, synthetic: bool) -> "Samples":
    """The clips to offer: of the folder asked for, else the model's own, else synthetic ones for a synthetic model.

    Raises:
        DataError: the folder cannot be read.
    """
    from gzssar.web.samples import load_samples, synthetic_samples

    own = config.model / "samples" if config.model else None
    if (folder := config.samples or own) and (config.samples or folder.is_dir()):
        return load_samples(folder)
    return synthetic_samples() if synthetic else {}
