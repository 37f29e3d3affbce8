"""The table on the terminal says everything, and fits it."""

from io import StringIO

import pytest
from rich.console import Console

from spikeseg.analysis.measures.metrics import Outcome, evaluate
from spikeseg.boxes import Box
from spikeseg.runners.cli.tables import report_table

WHOLE, BOX, HALF = Box(0, 0, 100, 100), Box(10, 10, 60, 60), Box(10, 10, 60, 35)
LABELS = ("Faces", "a_class_of_20_letters")


def printed(title="title", count=1, trained=LABELS):
    """The table's lines, of `count` times 4 pictures."""
    outcomes = [
        Outcome("a", LABELS[0], LABELS[0], BOX, BOX, WHOLE, (100, 100), 0.625, 0.75),
        Outcome("b", LABELS[0], LABELS[1], BOX, BOX, WHOLE, (100, 100)),
        Outcome("c", LABELS[0], LABELS[1], BOX, HALF, WHOLE, (100, 100)),
        Outcome("d", LABELS[1], LABELS[1], BOX, HALF, WHOLE, (100, 100)),
    ]
    report = evaluate(outcomes * count, {label: [Box(0.1, 0.1, 0.6, 0.6)] for label in trained})
    file = StringIO()
    Console(file=file, width=80, markup=False).print(report_table(report, title))
    return file.getvalue().splitlines()


def rows(lines):
    """First cell of each row to the others."""
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    return [(first, [cell for cell in others if cell]) for first, *others in cells]


def test_it_says_everything():
    assert rows(printed()) == [
        ("Faces", ["3", "33.3 %", "0.833", "0.333"]),
        ("a_class_of_20_letters", ["1", "100.0 %", "0.500", "0.500"]),
        ("all", ["4", "50.0 %", "0.750", "0.375"]),
        ("mean of classes", ["0.667", "0.417"]),
        ("baseline: majority class", ["75.0 %"]),
        ("baseline: box of all events", ["0.250"]),
        ("mean of classes", ["0.250"]),
        ("baseline: constant box per class", ["1.000"]),
        ("mean of classes", ["1.000"]),
        ("the same, fitted to these boxes", ["1.000"]),
        ("mean of classes", ["1.000"]),
        ("decoded pixels of Faces", ["1", "0.625", "0.625"]),
        ("silhouette of Faces", ["1", "0.750", "0.750"]),
    ]


def test_a_baseline_that_is_unknown_is_left_out():
    assert "baseline: constant box per class" not in dict(rows(printed(trained=[])))


@pytest.mark.parametrize("title", ["dog-caltech on " + "/directory" * 12 + ", test", "short", "with [brackets]"])
def test_it_fits_80_columns_and_nothing_is_cut_off(title):
    lines = printed(title, 250)
    assert max(map(len, lines)) <= 80
    assert len(rows(lines)) == 13  # none goes over two lines
    above = [line.strip() for line in lines[: next(k for k, line in enumerate(lines) if line.startswith("┏"))]]
    assert "".join(above).replace(" ", "") == title.replace(" ", "")
    assert "a wrong class counts as IoU 0" in " ".join(line.strip() for line in lines)
    assert not any("…" in line for line in lines)
