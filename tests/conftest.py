"""What several test files share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def caltech() -> Path:
    """The real images in Caltech-101's layout; skips where there are none."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("SPIKESEG_DATA", default)) / "caltech-101"
    if not root.is_dir():
        pytest.skip(f"no real images: {root} is missing (set SPIKESEG_DATA to the directory that holds caltech-101)")
    return root


@pytest.fixture(scope="session", autouse=True)
def programs(tmp_path_factory) -> Iterator[Path]:
    """Compiled programs are shared between tests and end with them; the user's stay as they are."""
    path = tmp_path_factory.mktemp("programs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKESEG_CACHE", str(path))
        yield path
