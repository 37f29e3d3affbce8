"""`spikeseg segment`: segment picture files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from spikeseg.errors import SpikeSegError
from spikeseg.memory import keep_freed_memory

from ....analysis.decoding.presence import CONFIDENCE
from ..console import console
from ..options import ConfidenceOption, DeviceOption, RunArgument


def segment(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(help="Pictures in any common format, or directories of them.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for masks, boxes and overlays.")] = Path("segments"),
    every_class: Annotated[
        bool, typer.Option("--every-class", help="A mask for every class, not only for the winner.")
    ] = False,
    instances: Annotated[
        bool, typer.Option("--instances", help="A mask for every object, even if several are of one class.")
    ] = False,
    confidence: ConfidenceOption = CONFIDENCE,
    device: DeviceOption = "cpp_standalone",
) -> None:
    """Segment pictures: write a mask, a box and an overlay of each."""
    keep_freed_memory()
    from ....datasets.pictures import find_pictures
    from ...inference.segment_files import boxes_table, segment_files
    from ...training.directory import load_network
    from ..progress import Bars

    if every_class and instances:
        raise SpikeSegError("--every-class and --instances cannot be combined: give one of them")
    network, _ = load_network(run)
    images = find_pictures(images)
    with Bars(console) as bars, boxes_table(out) as rows:
        bars.stage("segment", len(images))
        for done, found in enumerate(
            segment_files(network, images, out, every_class, device, instances, confidence), start=1
        ):
            rows += found
            bars.advance(done)
    for image in images:
        for row in (row for row in rows if row["image"] == str(image)):
            console.print(f"{image}: {_told(row)}", soft_wrap=True)
    console.print(f"masks, overlays, boxes.json and boxes.csv in {out}", soft_wrap=True)


def _told(row: Mapping[str, Any]) -> str:
    """An answer in words."""
    sure = "" if row["presence"] is None else f"presence {row['presence']:.2f}"
    if not row["label"]:
        return f"nothing ({sure})" if sure else "nothing"
    box = "none" if row["box_px"] is None else ", ".join(f"{edge} {value:g}" for edge, value in row["box_px"].items())
    sure = sure or f"{row['score']:.2f} of threshold"
    return f"{row['label']} ({sure}), box: {box}"
