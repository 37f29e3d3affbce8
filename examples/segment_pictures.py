"""Segment pictures through the Python API, and print what is where.

Usage: ``python examples/segment_pictures.py [--run RUN] [--device DEVICE] PICTURE...``; RUN is a run directory, or the
name of a network that comes along, which is what you get without it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import spikeseg


def main(run: str, pictures: list[Path], device: str) -> None:
    """Print a line per picture: class, score, and the box in pixels of the picture."""
    network, _ = spikeseg.load_network(run)
    images = [spikeseg.read_picture(path) for path in pictures]
    rows, columns = network.config.input.shape[1:]
    with spikeseg.open_segmenter(network, [(rows, columns)], device) as segmenter:
        for path, image, (found,) in zip(pictures, images, segmenter.segment(images), strict=True):
            score = found.decision.scores[found.map]
            if found.box is None:  # nothing in the picture that could be decoded
                print(f"{path}: {found.label} ({score:.2f} of threshold), no box")
                continue
            box = found.box.scaled(image.shape[0] / rows, image.shape[1] / columns)
            edges = ", ".join(f"{name} {value:.0f}" for name, value in box._asdict().items())
            print(f"{path}: {found.label} ({score:.2f} of threshold), {edges}, {found.mask.mean():.1%} of the pixels")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Segment pictures and print what is where.")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument("--run", default="dog-caltech", help="run directory, or a network that comes along")
    parser.add_argument("--device", default="cpp_standalone", help="where Brian2 simulates")
    given = parser.parse_args()
    try:
        main(given.run, given.pictures, given.device)
    except spikeseg.SpikeSegError as error:
        sys.exit(f"segment_pictures: {error}")
