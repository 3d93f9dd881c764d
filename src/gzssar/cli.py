"""The command line: a table of commands, and how each ends."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import tyro
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gzssar.commands.bench import bench
from gzssar.commands.compare import compare
from gzssar.commands.console import INTERRUPTED, PIPE_CLOSED, USAGE_ERROR, warn
from gzssar.commands.doctor import doctor
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

_ABOUT = "Generalized zero-shot skeleton-based action recognition: seen actions by clips, unseen ones by texts."


@dataclass(frozen=True)
class Command:
    """A command, and a line that shows how it is used."""

    call: Callable[..., None]
    example: str


GROUPS: dict[str, dict[str, Command]] = {
    "First look": {
        "serve": Command(serve, "gzssar serve"),
        "predict": Command(predict, "gzssar predict model clips/ --json"),
        "models": Command(models, "gzssar models get ntu120"),
        "doctor": Command(doctor, "gzssar doctor"),
    },
    "Your recordings": {
        "inspect": Command(inspect, "gzssar inspect clips/"),
        "show": Command(show, "gzssar show clips/ -o clip.gif"),
        "fit": Command(
            fit, "gzssar fit --data clips/ --texts texts.csv --encoder-weights encoder.safetensors -o model"
        ),
        "teach": Command(teach, 'gzssar teach model "pour tea" clip1.npy clip2.npy'),
        "evaluate": Command(evaluate, "gzssar evaluate model --data clips/ --labels labels.csv -o report"),
        "export": Command(export, "gzssar export model --onnx folder"),
    },
    "Class texts": {
        "texts": Command(texts, "gzssar texts check texts.csv -o check"),
    },
    "Research": {
        "run": Command(run, "gzssar run --synse DIR --texts mix43 --seeds 5 --out runs/s11"),
        "ablate": Command(ablate, "gzssar ablate --synse DIR --texts mix43 --seeds 5 --out runs/s11-ablation"),
        "bench": Command(
            bench, "gzssar bench --features F.npz --texts texts.csv --unseen 8 --methods default ridge -o bench"
        ),
        "compare": Command(compare, "gzssar compare runs/a runs/b"),
        "train-encoder": Command(train_encoder, "gzssar train-encoder clips/ --unseen-count 5 -o encoder.safetensors"),
        "embed": Command(embed, "gzssar embed clips/ --weights encoder.safetensors -o features.npz"),
    },
}
"""All commands, in the order of work."""

SUBCOMMANDS = {
    "texts new": 'gzssar texts new --labels "wave, sit down" -o texts.csv',
    "texts fill": "gzssar texts fill texts.csv --url http://localhost:11434/v1 --model NAME",
    "texts encode": "gzssar texts encode texts.csv -o text-features",
    "models list": "gzssar models list",
}
"""Examples of subcommands, where that of their command is of another one."""

COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point.

    Exit codes: 0 done, 1 `texts check --fail` found something, `inspect` could read no clip, or `predict` or
    `evaluate` not all, 2 wrong input (one sentence on stderr), 130 interrupted, 141 the reader of a pipe went away.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        print(f"gzssar {version('gzssar')}")
        return
    if given in ([], ["-h"], ["--help"]):
        _print_commands()
        return
    if given[0] in COMMANDS and {"-h", "--help"} & {*given}:
        from gzssar.commands.field_help import join_lines

        join_lines(COMMANDS[given[0]].call)
    try:
        if given[0] in COMMANDS:  # by itself, so that messages advise the help of this command
            tyro.cli(COMMANDS[given[0]].call, prog=f"gzssar {given[0]}", args=given[1:])
        else:
            calls = {name: command.call for name, command in COMMANDS.items()}
            tyro.extras.subcommand_cli_from_dict(calls, prog="gzssar", description=_ABOUT, args=given)
        sys.stdout.flush()  # or a full disk would be told when nobody names it any more
    except SystemExit as end:
        if end.code in (0, None) and given[0] in COMMANDS:  # tyro has printed a command's help
            print(f"Example: {SUBCOMMANDS.get(' '.join(given[:2])) or COMMANDS[given[0]].example}")
        raise
    except GzssarError as error:
        Console(stderr=True).print(f"gzssar: {error.for_terminal}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(USAGE_ERROR)
    except BrokenPipeError:  # whoever read along has had enough
        hush(sys.stdout)
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        if not error.filename:
            hush(sys.stdout)
        warn(f"{error.filename or 'the standard output'} cannot be read or written ({error.strerror or error}).")
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        warn("interrupted; run the same command again to continue.")
        sys.exit(INTERRUPTED)


def _print_commands() -> None:
    """What `gzssar` and `gzssar --help` print."""
    console = Console()
    table = Table.grid(padding=(0, 2))
    for title, group in GROUPS.items():
        table.add_row("", "")
        table.add_row(Text(title, style="bold"), "")
        for name, command in group.items():
            table.add_row(Text(f"  {name}"), Text(_first_sentence(command.call)))
            table.add_row("", Text(command.example, style="dim"))
    console.print(Text(f"{_ABOUT}\n\nUsage: gzssar COMMAND …; gzssar COMMAND --help explains a command."))
    console.print(table)


def _first_sentence(call: Callable[..., None]) -> str:
    """What a command does; what follows a colon or a semicolon is for its own help."""
    return re.split(r"[.:;](?:\s|$)", " ".join((call.__doc__ or "").split()), maxsplit=1)[0]
