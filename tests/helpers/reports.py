"""Runs that a report is made of, and a browser to read it with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from helpers.event_files import Event, atis
from spikeseg.configs import load, validate
from spikeseg.models.network import UNNAMED, TrainedNetwork
from spikeseg.runners.evaluation import reporting
from spikeseg.runners.evaluation.evaluation import evaluate_selection
from spikeseg.runners.evaluation.report import write_report
from spikeseg.runners.evaluation.selection import Selection, select
from spikeseg.runners.training.training import untrained

DIGITS = tuple("0123456789")


def reported(run: Path, part: str, count: int) -> Selection:
    """Evaluate a run, and write RUN/report.html."""
    selection = select(run, None, part)
    evaluation = evaluate_selection(selection, "numpy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reporting, "draw_evaluation", lambda *_: None)  # figures take seconds, and are not looked at
        reporting.write_evaluation(evaluation, selection, part, run, "numpy")
    write_report(selection, run, run / "report.html", count, "numpy")
    return selection


def write_digits(root: Path, rng: np.random.Generator) -> Path:
    """Two recordings of each digit in N-MNIST's layout, of one saccade: blobs of events; the last is all but empty."""
    for digit in DIGITS:
        for number in range(2):
            places = rng.integers(0, 14, (300, 2)) + rng.integers(0, 20, 2)
            events = [Event(int(x), int(y), 330 * t, 1 - 2 * (t % 2)) for t, (y, x) in enumerate(places)]
            if (digit, number) == (DIGITS[-1], 1):
                del events[2:]
            file = root / digit / f"{number}.bin"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(atis(events))
    return root


def write_digit_run(directory: Path) -> Path:
    """A run of a network for ten digits that has learned nothing: two maps of random weights each, and one unnamed."""
    rng = np.random.default_rng(0)
    data = write_digits(directory / "data", rng)
    content = load("n-mnist").model_dump(mode="json")
    content["conv2"]["maps"], content["conv3"]["maps"] = 6, 21
    blank = untrained(validate(content, "test"))
    kernels = {layer: rng.random(kernel.shape) for layer, kernel in blank.kernels.items() if layer != "conv1"}
    thresholds = {"conv2": np.full(6, 5.0), "conv3": np.array([np.inf] + [25.0] * 20)}
    network = TrainedNetwork(
        blank.config,
        blank.kernels | kernels,
        blank.thresholds | thresholds,
        (UNNAMED, *DIGITS, *DIGITS),
        provenance={"data": str(data)},
    )
    network.save(directory / "run" / "network.npz")
    return directory / "run"


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A headless Chromium as Debian packages it; skips where there is none."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium: install Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield opened
    finally:
        opened.quit()
