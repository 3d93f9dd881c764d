"""The section of RESULTS.md on classes that a few clips show."""

from results import heading, origins, read


def few_clips() -> list[str]:
    """How well classes are recognized that were shown, not learned."""
    if (result := read("few-clips")) is None:
        return []
    counts = sorted({int(count) for row in result["rows"].values() for count in row})
    lines = [
        *heading("Classes by a few clips", "few-clips", result),
        "`python benchmarks/few_clips.py`: performers of UTD-MHAD with odd ids show the classes, and the clips of the",
        f"others are the test. ± is the standard deviation over {result['draws']} draws, each with other clips and, if",
        "five classes are shown, with another five. The head of a column is the number of clips that show each class;",
        "0 means that the class is known from its texts alone. *weights alone*: a recognizer that was made from",
        "published weights and has no other clips than those that show its classes. The rule was found on draws of",
        "the same clips (decision 21).",
        "",
        f"| % | {' | '.join(map(str, counts))} |",
        "| --- |" + " ---: |" * len(counts),
    ]
    for name, row in result["rows"].items():
        cells = [
            f"{100 * row[str(n)]['mean']:.1f} ± {100 * row[str(n)]['sd']:.1f}" if str(n) in row else "–" for n in counts
        ]
        lines.append(f"| {name.replace(' | ', ': ')} | {' | '.join(cells)} |")
    return [*lines, "", *origins(result), ""]
