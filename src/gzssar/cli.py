"""The command line: parse, call, print."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gzssar.commands.options import EmbedConfig, InspectConfig, ShowConfig, TrainEncoderConfig
from gzssar.commands.predict import ExportConfig, FitConfig, PredictConfig
from gzssar.errors import GzssarError, OutputError
from gzssar.experiment.config import ExperimentConfig
from gzssar.text_config import CheckTexts, EncodeTexts, FillTexts, NewTexts
from gzssar.texts.encoding import TEXT_SETS
from gzssar.web.limits import ServeConfig

Config = Annotated[ExperimentConfig, tyro.conf.OmitArgPrefixes]

TextsCommand = Annotated[
    Annotated[CheckTexts, tyro.conf.subcommand("check")]
    | Annotated[NewTexts, tyro.conf.subcommand("new")]
    | Annotated[FillTexts, tyro.conf.subcommand("fill")]
    | Annotated[EncodeTexts, tyro.conf.subcommand("encode")],
    tyro.conf.OmitArgPrefixes,
    tyro.conf.OmitSubcommandPrefixes,
]

_MOST_NAMED = 5
"""Malformed clips that are named one by one."""

_TOLD = ("epoch kept", "loss", "held-out accuracy", "malformed clips left out")
"""What is said about a training when it is done."""

FOUND_SOMETHING = 1
USAGE_ERROR = 2
INTERRUPTED = 130
PIPE_CLOSED = 141


def run(config: Config) -> None:
    """Run a generalized zero-shot experiment; without arguments on the embedded synthetic motion world."""
    from gzssar.experiment.run import run as run_experiment
    from gzssar.reports.terminal import rich_table

    config = _with_folder(config)
    with _progress() as progress:
        result = run_experiment(config, progress)
    console = Console()
    console.print(rich_table(result.summary, result.header))
    if result.header.synthetic:
        print("Synthetic data: made-up performers, no recordings. Real data: --synse DIR --text-features DIR")
    print(f"Report: {config.out}/report.html")


def ablate(config: Config) -> None:
    """Run the paper's ablation: lb, ad, md, ad+md and lb+ad+md in one table."""
    from gzssar.experiment.data import Sources
    from gzssar.experiment.run import run as run_experiment
    from gzssar.files import write_text
    from gzssar.reports.terminal import ablation_markdown, ablation_table

    folder = _with_folder(config, "ablation").out
    assert folder is not None  # _with_folder named one
    if (folder / "config.json").exists():
        raise OutputError(f"{folder} holds a single run: name another folder for the ablation with --out.")
    with _progress() as progress:
        data = Sources(config).load(("lb", "ad", "md"), progress)
        results = {
            text: run_experiment(replace(config, text=text, out=folder / text), progress, data) for text in TEXT_SETS
        }
    rows = {text: result.summary for text, result in results.items()}
    seconds = sum(result.header.seconds for result in results.values())
    header = replace(results[TEXT_SETS[-1]].header, seconds=seconds)
    write_text(folder / "ablation.md", ablation_markdown(rows, header))
    console = Console()
    console.print(ablation_table(rows, header))
    print(f"Table: {folder}/ablation.md; one report per row beside it")


def embed(config: Annotated[EmbedConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Turn recordings into features, by an encoder trained here or the Shift-GCN authors' weights."""
    from gzssar.commands.embed import embed as embed_clips
    from gzssar.features.embedding import own_rank

    with _progress() as progress:
        done = embed_clips(config, progress)
    if own_rank():
        return  # torchrun's first process speaks for all
    _name_malformed(done.bad)
    left_out = [f"{len(done.bad)} malformed"] * bool(done.bad) + [f"{done.missing} missing"] * bool(done.missing)
    print(f"{done.clip_count} clips encoded in {done.encoder_seconds:.1f} s; left out: {', '.join(left_out) or 'none'}")
    print(f"Features: {config.out or config.synse}")


def train_encoder(config: Annotated[TrainEncoderConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Train a Shift-GCN on the seen classes of a class split; what is interrupted goes on."""
    from gzssar.commands.embed import train_encoder as train
    from gzssar.features.embedding import own_rank

    with _progress() as progress:
        encoder = train(config, progress)
    if own_rank():
        return
    told = ", ".join(f"{name} {encoder.provenance[name]}" for name in _TOLD if name in encoder.provenance)
    print(f"{len(encoder.classes)} seen classes, {told}")
    print(f"Encoder: {config.out}")


def show(config: Annotated[ShowConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Draw a clip as a stick figure: .png for a strip of frames, .gif for an animation."""
    from gzssar.commands.embed import show as show_clip

    print(f"{show_clip(config)}: {config.out}")


def inspect(config: Annotated[InspectConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Say what recordings hold, and what is odd about them."""
    from gzssar.commands.embed import inspect as inspect_clips
    from gzssar.skeletons.inspection import inspection_table

    with _progress() as progress:
        inspection = inspect_clips(config, progress)
    Console().print(inspection_table(inspection))


def texts(command: TextsCommand) -> None:
    """Check, write, fill and encode class texts: what the classes are called and how they move."""
    match command:
        case CheckTexts():
            _check_texts(command)
        case NewTexts():
            _new_texts(command)
        case FillTexts():
            _fill_texts(command)
        case EncodeTexts():
            _encode_texts(command)


def _check_texts(config: CheckTexts) -> None:
    from gzssar.commands.texts import check
    from gzssar.texts.authoring.check_report import findings, pair_table, verdict

    with _progress() as progress:
        done = check(config, progress)
    for finding in findings(done):
        print(f"• {finding}")
    if config.pairs and len(done.names) > 1 and done.similarities:
        Console().print(pair_table(done, config.pairs))
    print(verdict(done))
    if config.out is not None:
        print(f"Similarities: {config.out}/pairs.csv" + f", {config.out}/similarity.png" * bool(done.similarities))
    if config.fail and done.found:
        sys.exit(FOUND_SOMETHING)


def _new_texts(config: NewTexts) -> None:
    from gzssar.commands.texts import new

    print(f"{new(config)} classes to describe: {config.out}")
    print(f"Then: gzssar texts check {config.out}")


def _fill_texts(config: FillTexts) -> None:
    from gzssar.commands.texts import fill

    with _progress() as progress:
        written = fill(config, progress)
    print(f"{written} texts written by {config.model}; read and edit them: {config.table}")


def _encode_texts(config: EncodeTexts) -> None:
    from gzssar.commands.texts import encode

    with _progress() as progress:
        done = encode(config, progress)
    for kind in done.absent:
        print(f"left out: {config.table} has no {kind} texts")
    print(f"Encoded by {' + '.join(config.encoding.encoder)}: {', '.join(done.files)}")
    print(f"For gzssar run: --text-features {' '.join(map(str, done.folders))}")


def fit(config: Annotated[FitConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Fit a recognizer on recordings of seen classes and on the texts of all, and keep it in one folder."""
    from gzssar.commands.fit import fit as fit_model

    with _progress() as progress:
        recognizer = fit_model(config, progress)
    unseen = len(recognizer.classes) - len(recognizer.seen_classes)
    _name_malformed(recognizer.parts.about["malformed"])
    print(f"{len(recognizer.seen_classes)} classes with clips, {unseen} known from their texts")
    if scores := recognizer.parts.about["scores"]:
        print(
            f"On held-out classes and performers: ZSL {scores['zsl_accuracy']:.2f}, H {scores['harmonic_mean']:.2f} "
            f"(more in {config.out}/README.md)"
        )
    print(f"Model: {config.out}")


def predict(config: Annotated[PredictConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Say what recordings show: seen actions, and unseen ones from their texts."""
    from gzssar.inference.job import predict as predict_clips

    out = sys.stdout  # before the progress bar redirects it
    with _progress() as progress:
        predict_clips(config, out, progress)


def export(config: Annotated[ExportConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Write a model as ONNX, to run without PyTorch."""
    from gzssar.commands.fit import export as export_model

    export_model(config)
    print(f"ONNX: {config.onnx}/encoder.onnx, {config.onnx}/heads.onnx; unseen classes: prototypes.npy, texts.csv")


def serve(config: Annotated[ServeConfig, tyro.conf.OmitArgPrefixes]) -> None:
    """Open a web page that recognizes clips and takes classes described in words."""
    from gzssar.commands.fit import synthetic_model
    from gzssar.recognizer import Recognizer
    from gzssar.running import one_thread
    from gzssar.texts.encoders.cache import MemoryCache
    from gzssar.texts.encoding import load_text_encoders
    from gzssar.web.server import serve as serve_page
    from gzssar.web.server import warm_up

    with _progress() as progress:
        recognizer = Recognizer.load(config.model) if config.model else synthetic_model(progress, _say)
    recognizer.encoder  # noqa: B018  # a model made from features is refused here, not at each visitor's clip
    encoders = load_text_encoders(recognizer.parts.encoding, MemoryCache())  # visitors' texts stay off the disk
    recognizer = recognizer.with_text_encoders(encoders)
    warm_up(encoders)
    with one_thread():  # once for all requests, whose own limits would undo each other's
        serve_page(recognizer, config)


_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "ablate": ablate,
    "inspect": inspect,
    "show": show,
    "train-encoder": train_encoder,
    "embed": embed,
    "texts": texts,
    "fit": fit,
    "predict": predict,
    "export": export,
    "serve": serve,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point.

    Exit codes: 0 done, 1 `texts check --fail` found something, 2 wrong input (one sentence on stderr), 130 interrupted,
    141 the reader of a pipe went away.
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
        from gzssar.files import hush

        hush(sys.stdout)
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        print(f"gzssar: {error.filename or 'a file'} cannot be read or written ({error.strerror}).", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        print("gzssar: interrupted; the same command goes on where it stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _with_folder(config: ExperimentConfig, kind: str | None = None) -> ExperimentConfig:
    """The experiment with an output folder: the one asked for, or ``runs/`` and a name that tells what ran."""
    if config.out is not None:
        return config
    data = config.synse.resolve().name if config.synse else "synthetic"
    recipe = config.recipe if isinstance(config.recipe, str) else config.recipe.name
    parts = [data, config.split, recipe, kind or config.text]
    if config.selection != "validation":
        parts.append(config.selection)
    return replace(config, out=Path("runs") / "-".join(part for part in parts if part))


def _name_malformed(reasons: Mapping[str, str]) -> None:
    for name, reason in list(reasons.items())[:_MOST_NAMED]:
        print(f"left out {name}: {reason}")
    if len(reasons) > _MOST_NAMED:
        print(f"left out {len(reasons)} malformed clips in all")


def _say(sentence: str) -> None:
    print(f"gzssar: {sentence}", file=sys.stderr, flush=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield tell
