"""A camera that is plugged in, by neuromorphic-drivers: EVK4 and EVK3 HD, DVXplorer, DAVIS346 and others.

The library gives packets of what the camera has sent: events with fields t (microseconds), x, y (from the upper left)
and on, and where events were lost because nobody fetched them in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikeseg.errors import SpikeSegError

from .formats.records import make, optional
from .formats.stream import EventStream, Invalid

CAMERA = "camera:"
"""How a camera is named; its serial number may follow."""

_TIMEOUT = 0.1  # seconds without an event, after which Ctrl-C is heeded


class Camera:
    """The events of a camera, until it is closed.

    Parameters
    ----------
    serial
        Of one of several cameras; empty for the only one.

    Attributes
    ----------
    lost
        How often events were lost so far.

    Raises
    ------
    SpikeSegError
        neuromorphic-drivers is not installed, or there is no such camera, or no right to use it.
    """

    leftover = ""  # a camera sends whole events

    def __init__(self, serial: str = ""):
        library = optional("neuromorphic_drivers", CAMERA, "camera")
        self.name, self.lost = f"{CAMERA}{serial}", 0
        try:
            self._device: Any = library.open(serial=serial or None, iterator_timeout=_TIMEOUT)
        except Exception as error:  # the library's own are of no class of their own
            found = [f"{one.name.value} {one.serial or one.error}" for one in _listed(library)]
            raise SpikeSegError(
                f"{self.name} cannot be opened: {error}; cameras that are plugged in: {', '.join(found) or 'none'}"
            ) from error
        properties = self._device.properties()
        self.size: tuple[int, int] | None = (int(properties.height), int(properties.width))
        self.format = f"camera {self._device.name().value}"

    def packets(self) -> Iterator[np.ndarray]:
        """Give the events as they come, dtype `EVENT`. Raises SpikeSegError where the camera fails."""
        while True:
            try:
                _, packet = next(self._device)
            except StopIteration:
                return
            except Exception as error:
                raise SpikeSegError(f"{self.name} has stopped: {error}") from error
            if packet is None or packet.polarity_events is None:
                continue
            lost = packet.polarity_events_overflow_indices
            self.lost += 0 if lost is None else len(lost)
            events = packet.polarity_events
            yield make(events["x"], events["y"], events["t"], events["on"])

    def close(self) -> None:
        """Let go of the camera."""
        self._device.close()


class CameraStream(EventStream):
    """The stream of a `Camera`; it also tells what was lost."""

    def __init__(self, camera: Camera, size: tuple[int, int] | None, invalid: Invalid):
        self._camera = camera
        super().__init__(camera, camera.packets(), camera.name, size, invalid, camera.close)

    @property
    def left_out(self) -> list[str]:
        """As of any stream."""
        lost = [f"times that the camera's events were lost, more than could be taken: {self._camera.lost:,}"]
        return super().left_out + (lost if self._camera.lost else [])


def open_camera(serial: str = "", size: tuple[int, int] | None = None, invalid: Invalid = "error") -> EventStream:
    """Open a camera, a context manager; its first packet has come by then.

    Parameters
    ----------
    serial
        As for `Camera`.
    size, invalid
        As for `open_events`.

    Raises
    ------
    SpikeSegError
        As `Camera`, or its sensor is not of this `size`.
    """
    camera = Camera(serial)
    try:
        return CameraStream(camera, size, invalid)
    except BaseException:
        camera.close()
        raise


def _listed(library: Any) -> list[Any]:
    """The cameras that are plugged in, as far as that can be found out."""
    try:
        return library.list_devices()
    except Exception:
        return []
