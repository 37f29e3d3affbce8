"""Recall against false alarms, where the question is whether an object is there at all."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from ..measures.presence import ClassPresence
from ..painting.colours import class_colours
from .style import WIDTH, as_they_are, style


@style()
def presence_curves(presence: Mapping[str, ClassPresence]) -> Figure:
    """Draw the curve of each class, and the point at which the network answers; "always" and "never" are corners."""
    figure = Figure((0.6 * WIDTH, 0.55 * WIDTH), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "--", color="#9a9a9a", linewidth=1, label="by chance (area 0.5)")
    colours = class_colours(list(presence))
    for label, told in presence.items():
        colour = colours[label]
        axes.plot(*told.curve, drawstyle="steps-post", color=colour, label=f"{label} (area {told.area:.3f})")
        axes.plot(told.false_alarm_rate, told.recall, "o", color=colour)
    axes.annotate("never", (0, 0), (6, 4), textcoords="offset points")
    axes.annotate("always", (1, 1), (-6, -12), textcoords="offset points", ha="right")
    axes.set(xlabel="false alarms (share without the object)", ylabel="recall (share with the object)")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", title="is it there? dots: the answers given")
    as_they_are(axes.legend(loc="lower right"))
    return figure
