"""What parts of the program cost is shown in tables that fit a terminal, and drawn."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks import __main__ as command
from benchmarks import report

FIGURES = {
    "encode": {"build_s": 11.7, "first_s": 18.1, "ms": 1234.5, "spike_us": 12.3, "ns": 0.381, "mb": 3456.7},
    "dense": {"ms": 129.1, "spike_us": 1.25, "mb": 2345.6},
    "whole": {"ms": 23.4, "same": 0.95},
    "forward": {"ns": 0.27},
    "train": {"build_s": 1.5, "per_s": 4970.0, "further": 0.91, "mb": 1205.4},
}


def measured(torch: bool) -> report.Results:
    """Made-up results of all cases."""
    return {name: FIGURES[case["what"]] for name, case in command.plan("data", False, torch).items()}


@pytest.mark.parametrize("torch", [True, False])
def test_tables_fit_eighty_columns_and_cut_off_no_figure(torch, tmp_path):
    results, output = measured(torch), io.StringIO()
    report.write(results, tmp_path / "tables.md", Console(file=output, width=80))
    shown = output.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    tables = report.tables(results)
    assert sum(len(lines) for _, lines in tables.values()) == len(results)
    for header, lines in tables.values():
        for line in (header, *lines):
            assert all(word in shown for cell in line for word in cell.split())
    assert len((tmp_path / "tables.md").read_text().splitlines()) > len(results)


def test_without_pytorch_no_case_needs_it():
    assert not any("torch" in name for name in measured(torch=False))
    assert any("torch" in name for name in measured(torch=True))


def test_the_largest_input_is_shown_from_few_to_many_spikes():
    cases = command.sweeps()
    spikes = [case["spikes"] for case in cases.values() if case["size"] == (720, 1280)]
    assert (min(spikes), max(spikes)) == (500, 100_000)
    assert all(case["spikes"] < case["size"][0] * case["size"][1] for case in cases.values())


@pytest.mark.parametrize("kept", ["", "forward"])
def test_a_figure_is_drawn_of_whatever_was_measured(kept, tmp_path):
    report.draw({name: found for name, found in measured(False).items() if kept in name}, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0
