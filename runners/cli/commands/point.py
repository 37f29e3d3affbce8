"""`spikeseg point`: run one point of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ....datasets.split import Part
from ..console import console
from ..options import ConfigArgument, DataOption, DeviceOption, RunsOption


def point(
    config: ConfigArgument,
    out: RunsOption = Path("runs"),
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, e.g. conv3.learning.a_plus=0.01; may be repeated.")
    ] = None,
    measure_on: Annotated[Part, typer.Option(help="Part of the data to measure on.")] = "validation",
    data: DataOption = None,
    device: DeviceOption = "cpp_standalone",
) -> None:
    """Train and measure one point of a sweep, in OUT/<hash of the configuration>; a finished point is only read."""
    from ....configs.changes import parsed
    from ...sweeps.point import metrics_file, run_point
    from ...sweeps.points import make_point
    from ..progress import Bars

    chosen = make_point(config, dict(map(parsed, changes or ())), {}, config)
    with Bars(console) as bars:
        metrics = run_point(chosen, measure_on, data, out, device, bars)
    console.print(f"{metrics_file(out, chosen, measure_on)}: accuracy {metrics['accuracy']:.3f}", soft_wrap=True)
