import dataclasses

from rich.console import Console
from rich.table import Table

from evaluation_world import World
from gzssar.evaluation.summary import percent, summarise
from gzssar.reports.terminal import ablation_markdown, ablation_table, rich_table


def printed(table: Table) -> str:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_table_fits_eighty_columns_and_shows_every_number(world: World) -> None:
    summary = summarise(world.records)
    text = printed(rich_table(summary, world.header))
    assert "recipe default · selection validation · 3 seeds" in text
    assert "…" not in text
    for score in ("zsl_accuracy", "seen_accuracy", "harmonic_mean", "oracle_gate_harmonic_mean"):
        assert percent(summary["mean"][score], summary["sd"][score]) in text


def test_one_seed_has_no_spread(world: World) -> None:
    text = printed(rich_table(summarise(world.records[:1]), world.header))
    assert "1 seed" in text
    assert "±" not in text


def test_every_table_says_what_the_spread_covers(world: World) -> None:
    summary = summarise(world.records)
    for header, covered in (
        (
            world.header,
            "± covers the seeds of method and folds, but neither the training of the encoder nor the class split.",
        ),
        (
            dataclasses.replace(world.header, encoder_seeded=True),
            "± covers the training of the encoders and the seeds of method and folds, but not the class split.",
        ),
    ):
        rows = {"lb": summary}
        assert covered in " ".join(printed(rich_table(summary, header)).split())
        assert covered in " ".join(printed(ablation_table(rows, header)).split())
        assert covered in ablation_markdown(rows, header)


def test_brackets_in_names_are_not_markup(world: World) -> None:
    header = dataclasses.replace(world.header, recipe="[red]", split="[/nothing]")
    text = printed(rich_table(summarise(world.records), header))
    assert "[red]" in text
    assert "[/nothing]" in text


def test_ablation_marks_the_best_text_set(world: World) -> None:
    records = sorted(world.records, key=lambda record: record.scores.harmonic_mean)
    rows = {"lb": summarise(records[:2]), "lb+ad+md": summarise(records[1:])}
    text = printed(ablation_table(rows, world.header))
    assert text.index("lb ") < text.index("lb+ad+md")
    lines = ablation_markdown(rows, world.header).splitlines()
    assert lines[2] == "| texts | ZSL | S | U | H | oracle H |"
    assert lines[4].startswith("| lb | ")
    assert lines[5].startswith("| **lb+ad+md** | **")
