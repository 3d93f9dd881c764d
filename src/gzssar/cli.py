"""The command line: a table of commands, and how each ends."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

import tyro
from rich.console import Console

from gzssar.commands.bench import bench
from gzssar.commands.compare import compare
from gzssar.commands.console import INTERRUPTED, PIPE_CLOSED, USAGE_ERROR, warn
from gzssar.commands.embed import embed
from gzssar.commands.evaluate import evaluate
from gzssar.commands.export import export
from gzssar.commands.fit import fit
from gzssar.commands.look import inspect, show
from gzssar.commands.models import models
from gzssar.commands.predict import predict
from gzssar.commands.run import ablate, run
from gzssar.commands.serve import serve
from gzssar.commands.teach import teach
from gzssar.commands.texts import texts
from gzssar.commands.train_encoder import train_encoder
from gzssar.errors import GzssarError
from gzssar.files import hush

_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "ablate": ablate,
    "bench": bench,
    "compare": compare,
    "inspect": inspect,
    "show": show,
    "models": models,
    "train-encoder": train_encoder,
    "embed": embed,
    "texts": texts,
    "fit": fit,
    "predict": predict,
    "teach": teach,
    "evaluate": evaluate,
    "export": export,
    "serve": serve,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point.

    Exit codes: 0 done, 1 `texts check --fail` found something, `inspect` could read no clip, or `predict` or
    `evaluate` not all, 2 wrong input (one sentence on stderr), 130 interrupted, 141 the reader of a pipe went away.
    """
    if list(sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        print(f"gzssar {version('gzssar')}")
        return
    try:
        tyro.extras.subcommand_cli_from_dict(
            _COMMANDS,
            prog="gzssar",
            description="Generalized zero-shot skeleton-based action recognition.",
            args=arguments,
        )
    except GzssarError as error:
        Console(stderr=True).print(f"gzssar: {error.for_terminal}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(USAGE_ERROR)
    except BrokenPipeError:  # whoever read along has had enough
        hush(sys.stdout)
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        warn(f"{error.filename or 'a file'} cannot be read or written ({error.strerror}).")
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        warn("interrupted; the same command goes on where it stopped.")
        sys.exit(INTERRUPTED)
