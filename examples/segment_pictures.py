"""
Segment pictures
================

Show pictures of any size to a trained network, and draw the masks and boxes that it finds.

Usage: ``python examples/segment_pictures.py [--run RUN] [--device DEVICE] [PICTURE...]``; RUN is a run directory, or
the name of a bundled network. Without pictures it takes a photograph of Grace Hopper (US Navy, public domain), which
comes with Matplotlib.
"""

# %%
# A network and its pictures
# --------------------------
# The bundled network ``dog-caltech`` knows faces and motorbikes, in the size that they have in the training pictures.
# So the portrait is cut to a landscape format, in which the face is about as large as there.

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cbook import get_sample_data
from matplotlib.patches import Rectangle

import spikeseg

parser = argparse.ArgumentParser(description="Segment pictures, print and draw what is where.")
parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
parser.add_argument("--run", default="dog-caltech", help="run directory, or the name of a bundled network")
parser.add_argument("--device", default="cpp_standalone", help="where Brian2 simulates")
given = parser.parse_args()


def read(paths: list[Path]) -> dict[str, np.ndarray]:
    """Pictures by name, (rows, columns, 3) each, uint8."""
    if paths:
        return {str(path): spikeseg.read_picture(path) for path in paths}
    portrait = spikeseg.read_picture(str(get_sample_data("grace_hopper.jpg", asfileobj=False)))
    return {"hopper": portrait[:328]}


# %%
# Segment
# -------
# ``open_segmenter`` builds the network, here by compiling a program, for the sizes in which pictures are presented.
# ``segment`` gives one segmentation for each picture: class, scores, box and mask. The mask and the box are in pixels
# of the input layer, which a box's ``scaled`` turns into pixels of the picture.

try:
    network, _ = spikeseg.load_network(given.run)
    pictures = read(given.pictures)
    size = network.config.input.size
    with spikeseg.open_segmenter(network, [size], given.device) as segmenter:
        answers = [found for (found,) in segmenter.segment(list(pictures.values()))]
except spikeseg.SpikeSegError as error:
    sys.exit(f"segment_pictures: {error}")

figure, axes = plt.subplots(1, len(pictures), figsize=(5 * len(pictures), 3.6), layout="constrained", squeeze=False)
for axis, (name, image), found in zip(axes[0], pictures.items(), answers, strict=True):
    rows, columns = image.shape[:2]
    told = f"{name}: {found.label} (presence {found.presence:.2f})"
    axis.imshow(image, extent=(0, columns, rows, 0))
    axis.imshow(
        np.ma.masked_equal(found.mask, 0), extent=(0, columns, rows, 0), cmap="cool", alpha=0.8, interpolation="nearest"
    )
    axis.set(title=found.label, xticks=[], yticks=[])
    if found.box is None:  # no pixel was decoded
        print(f"{told}, no box")
        continue
    box = found.box.scaled(rows / size[0], columns / size[1])
    axis.add_patch(Rectangle((box.left, box.top), box.right - box.left, box.bottom - box.top, fill=False, lw=2))
    edges = ", ".join(f"{edge} {value:.0f}" for edge, value in box._asdict().items())
    print(f"{told}, {edges}, {found.mask.mean():.1%} of the pixels")
plt.show()

# %%
# The mask consists of edges, because edges are what the input is made of: the strongest responses of a difference of
# Gaussians.
