"""Pictures of the ornaments with exact masks, continuous in every parameter of the scene.

Each ellipsoid is ray-cast (parallel rays, closed form), painted in its own coordinates, lit, and laid over the
earlier ones of its ornament by depth. Silhouettes, painted marks and depth tests are soft over about a pixel,
so that an object can be moved by a fraction of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spikeseg.boxes import Box

from .backdrop import Backdrop, paint
from .ornaments import ORNAMENTS
from .parts import Mark, Part, Relief, rotation

_SAMPLES = 2  # per pixel and direction
_PITCH = 9.0  # degrees: the camera looks down on the desk
_PIVOT = np.array([0.0, 0.5, 0.0])  # the point of an ornament that its pose puts at (row, column)


@dataclass(frozen=True)
class Pose:
    """Where an ornament is, and how it is held.

    Attributes
    ----------
    row, column
        Where its middle is, in pixels; the centre of the first pixel is at (0.5, 0.5).
    height
        Pixels per unit of the ornament's coordinates: about its height in the picture.
    roll
        Anticlockwise rotation in the picture, degrees.
    yaw
        Turn about its upright axis, degrees; positive turns the face to the right.
    stretch
        Factor on its natural width.
    """

    row: float
    column: float
    height: float
    roll: float = 0.0
    yaw: float = 0.0
    stretch: float = 1.0


@dataclass(frozen=True)
class Light:
    """One distant lamp and the room's light.

    Attributes
    ----------
    azimuth
        Direction of the lamp in the picture, degrees: 0 is to the right, 90 above.
    elevation
        Angle of the lamp out of the picture plane, degrees: 90 is behind the camera.
    strength, ambient
        Brightness of a white surface under the lamp, and away from it.
    highlight
        Strength of the reflections.
    """

    azimuth: float = 120.0
    elevation: float = 40.0
    strength: float = 0.6
    ambient: float = 0.42
    highlight: float = 0.6

    @property
    def direction(self) -> np.ndarray:
        """Unit vector to the lamp: right, up, towards the viewer."""
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        flat = np.cos(elevation)
        return np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)])


@dataclass(frozen=True)
class Ornament:
    """An ornament (a key of `ORNAMENTS`) in its pose."""

    label: str
    pose: Pose


@dataclass(frozen=True)
class Scene:
    """Ornaments, the farthest first, before a backdrop."""

    ornaments: tuple[Ornament, ...]
    light: Light
    backdrop: Backdrop


def render(scene: Scene, size: tuple[int, int]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Render a scene of `size` (rows, columns), whose ornaments are all of different classes.

    Returns
    -------
    image, masks
        As `render_objects` returns them, but masks by label.
    """
    image, masks = render_objects(scene, size)
    return image, {ornament.label: mask for ornament, mask in zip(scene.ornaments, masks, strict=True)}


def render_objects(scene: Scene, size: tuple[int, int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Render a scene of `size` (rows, columns).

    Returns
    -------
    image : numpy.ndarray
        (rows, columns, 3) float32 from 0 to 1; a continuous function of the scene's parameters.
    masks : list of numpy.ndarray
        Per ornament (rows, columns) bool: the pixels of which the ornament covers more than half, less what
        nearer ornaments cover. They are disjoint.
    """
    light = scene.light
    image = paint(scene.backdrop, size) * np.float32(light.ambient + 0.9 * light.strength)
    for ornament in scene.ornaments:
        image *= shadow(ornament.pose, light, size)[..., None]
    visible: list[np.ndarray] = []
    for ornament in scene.ornaments:
        window, colour, alpha = layer(ornament, light, size)
        image[window] = colour + (1 - alpha[..., None]) * image[window]
        for farther in visible:
            farther[window] *= 1 - alpha
        visible.append(np.zeros(size, np.float32))
        visible[-1][window] = alpha
    return np.clip(image, 0, 1, out=image), [alpha > 0.5 for alpha in visible]


def extent(ornament: Ornament) -> Box:
    """The exact box of an ornament's projection, whether or not it lies in the picture."""
    pose, solids = ornament.pose, _solids(ornament)
    middles = np.array([solid.middle[:2] for _, solid in solids])
    reach = np.array([solid.reach for _, solid in solids])
    (left, low), (right, high) = (middles - reach).min(0).tolist(), (middles + reach).max(0).tolist()
    return Box(pose.row - high, pose.column + left, pose.row - low, pose.column + right)


def silhouette(ornament: Ornament, size: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre an ornament covers if nothing hides it, (rows, columns) bool; quicker than `render`."""
    pose = ornament.pose
    x, y = np.arange(size[1]) + 0.5 - pose.column, pose.row - np.arange(size[0])[:, None] - 0.5
    mask = np.zeros(size, bool)
    for _, solid in _solids(ornament):
        dx, dy = x - solid.middle[0], y - solid.middle[1]
        (xx, xy), (_, yy) = solid.outline
        mask |= xx * dx * dx + 2 * xy * dx * dy + yy * dy * dy < 1
    return mask


class _Solid(NamedTuple):
    """An ellipsoid as seen: middle (3,) and axes (3, 3), columns; pixels right, up, towards the viewer."""

    middle: np.ndarray
    axes: np.ndarray

    @property
    def reach(self) -> np.ndarray:
        """How far it reaches from its middle to the sides, and up and down, (2,), pixels."""
        return np.linalg.norm(self.axes[:2], axis=1)

    @property
    def outline(self) -> np.ndarray:
        """The quadratic form (2, 2) that is 1 on its silhouette, about the middle."""
        return np.linalg.inv((self.axes @ self.axes.T)[:2, :2])


class _Surface(NamedTuple):
    """What rays hit, n rays: unit-sphere coordinates and normals (3, n), depth and coverage (n,)."""

    sphere: np.ndarray
    normal: np.ndarray
    depth: np.ndarray
    coverage: np.ndarray


def _view(pose: Pose) -> np.ndarray:
    """Matrix (3, 3) from an ornament's coordinates about the pivot to pixels right, up and towards the viewer."""
    turned = rotation(0, _PITCH) @ rotation(1, pose.yaw)
    return pose.height * rotation(2, pose.roll) @ np.diag([pose.stretch, 1.0, 1.0]) @ turned


def _solids(ornament: Ornament) -> list[tuple[Part, _Solid]]:
    """The parts of an ornament with their ellipsoids as seen, relative to the pivot."""
    view = _view(ornament.pose)
    return [
        (part, _Solid(view @ (np.asarray(part.centre) - _PIVOT), view @ part.axes))
        for part in ORNAMENTS[ornament.label]
    ]


def shadow(pose: Pose, light: Light, size: tuple[int, int]) -> np.ndarray:
    """Factor by which an ornament darkens the desk, (rows, columns)."""
    foot = -_view(pose)[:, 1] * _PIVOT[1]
    away = light.direction[0] * 0.15 * pose.height
    x = (np.arange(size[1], dtype=np.float32) + 0.5 - pose.column - foot[0] + away) / (0.42 * pose.height)
    y = (np.arange(size[0], dtype=np.float32) + 0.5 - pose.row + foot[1]) / (0.13 * pose.height)
    return (1 - 0.5 * np.outer(np.exp(-(y**2)), np.exp(-(x**2)))).astype(np.float32)


def layer(
    ornament: Ornament, light: Light, size: tuple[int, int]
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Render an ornament alone: its window in the picture, premultiplied colour (h, w, 3) and coverage (h, w)."""
    box, pose = extent(ornament), ornament.pose
    top, left = (int(np.clip(edge - 2, 0, n)) for edge, n in zip(box[:2], size, strict=True))
    bottom, right = (int(np.clip(edge + 3, 0, n)) for edge, n in zip(box[2:], size, strict=True))
    h, w = bottom - top, right - left
    x = (np.arange(w * _SAMPLES) + 0.5) / _SAMPLES + left - pose.column
    y = pose.row - (np.arange(h * _SAMPLES) + 0.5) / _SAMPLES - top
    canvas = _Canvas(len(y), len(x), pose.height)
    for part, solid in _solids(ornament):
        reach = np.outer(solid.reach + 1, [-1, 1])
        columns = slice(*np.searchsorted(x, solid.middle[0] + reach[0]))
        lines = slice(*np.searchsorted(-y, -solid.middle[1] + reach[1]))
        if columns.start < columns.stop and lines.start < lines.stop:
            surface = _cast(solid, x[columns], y[lines])
            canvas.lay((lines, columns), _shade(part, solid, surface, light), surface)
    window = slice(top, bottom), slice(left, right)
    pixels = canvas.content.reshape(4, h, _SAMPLES, w, _SAMPLES).mean((2, 4))
    return window, np.moveaxis(pixels[:3], 0, -1), pixels[3]


class _Canvas:
    """Ellipsoids laid over and under each other by depth: premultiplied colour and coverage (4, h, w)."""

    def __init__(self, lines: int, columns: int, height: float):
        self.content = np.zeros((4, lines, columns), np.float32)
        self.depth = np.zeros((lines, columns), np.float32)  # without meaning where there is no coverage
        self.height = np.float32(height)

    def lay(self, where: tuple[slice, slice], colour: np.ndarray, surface: _Surface) -> None:
        """Lay a part over what is farther and under what is nearer, and darken the crease where they meet."""
        content, depth = self.content[:, *where], self.depth[where]
        coverage = surface.coverage.reshape(depth.shape)
        ahead = surface.depth.reshape(depth.shape) - depth
        over = np.clip(0.5 + ahead / (0.02 * self.height), 0, 1)
        crease = 0.4 * coverage * content[3] * np.exp(-np.square(ahead / (0.025 * self.height)))
        cover = coverage * (1 - (1 - over) * content[3])
        content *= 1 - over * coverage
        content[:3] += cover * colour.reshape(content[:3].shape)
        content[:3] *= 1 - crease
        content[3] += cover
        depth += ahead * cover / np.maximum(content[3], 1e-6)


def _dot(vector: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Scalar products (n,) of a vector (3,) with points (3, n), float32; quicker than BLAS at this size."""
    x, y, z = np.asarray(vector, np.float32)
    return x * points[0] + y * points[1] + z * points[2]


def _cast(solid: _Solid, x: np.ndarray, y: np.ndarray) -> _Surface:
    """Rays through a grid of points (pixels right and up of the pivot) onto an ellipsoid.

    A point of the ellipsoid is middle + axes u with |u| = 1; along a ray u = q + inverse_z dz. Rays that
    miss it by a little are moved to its rim; coverage falls from 1 to 0 over a pixel at the silhouette.
    """
    inverse = np.linalg.inv(solid.axes).astype(np.float32)
    dx = np.tile((x - solid.middle[0]).astype(np.float32), len(y))
    dy = np.repeat((y - solid.middle[1]).astype(np.float32), len(x))
    q = inverse[:, :1] * dx + inverse[:, 1:2] * dy
    along = inverse[:, 2]
    a = along @ along
    b = _dot(along, q)
    beyond = np.square(q).sum(0) - 1 - b * b / a  # < 0 inside the silhouette
    (xx, xy), (_, yy) = solid.outline.astype(np.float32)
    slope = 2 * np.hypot(xx * dx + xy * dy, xy * dx + yy * dy)
    coverage = np.clip(0.5 - beyond / (slope + 1e-6), 0, 1)
    dz = (-b + np.sqrt(np.maximum(-beyond * a, 0))) / a
    sphere = q + along[:, None] * dz
    sphere /= np.sqrt(np.square(sphere).sum(0))
    normal = np.stack([_dot(column, sphere) for column in inverse.T])
    normal /= np.sqrt(np.square(normal).sum(0))
    return _Surface(sphere, normal, dz + np.float32(solid.middle[2]), coverage)


def _shade(part: Part, solid: _Solid, surface: _Surface, light: Light) -> np.ndarray:
    """Colours (3, n) of a part under a light: Lambert, room light from above, and a Blinn highlight."""
    normal, sphere = surface.normal, surface.sphere
    colour = np.empty_like(normal)
    colour[:] = np.array(part.colour, np.float32)[:, None]
    pixel = np.float32(1.5 / np.linalg.norm(solid.axes, axis=0)[:2].max())
    for mark in part.marks:
        colour += _covered(mark, sphere, pixel) * (np.array(mark.colour, np.float32)[:, None] - colour)
    to_lamp = light.direction
    lit = np.maximum(_dot(to_lamp, normal) + 0.15, 0) * np.float32(light.strength / 1.15)
    lit += np.float32(light.ambient) * (0.85 + 0.15 * normal[1])
    if part.relief is not None:
        toward = np.linalg.solve(solid.axes, to_lamp)
        lit *= 1 + normal[2] * _roughness(part.relief, sphere, toward / np.linalg.norm(toward))
    lit *= 0.55 + 0.45 * np.sqrt(np.maximum(normal[2], 0))
    halfway = to_lamp + np.array([0.0, 0.0, 1.0])
    shine = np.maximum(_dot(halfway / np.linalg.norm(halfway), normal), 0) ** 32
    return colour * lit + np.float32(part.gloss * light.highlight) * shine


def _covered(mark: Mark, sphere: np.ndarray, pixel: np.float32) -> np.ndarray:
    """Opacity (n,) of a mark at points of the unit sphere (3, n), soft over `pixel`."""
    across, along, facing = (_dot(axis, sphere) for axis in mark.frame)
    radius = np.hypot(across, along)
    narrow = np.float32(min(mark.width, mark.height))
    inside = (1 - radius) * narrow
    if mark.line is not None:
        inside = np.minimum(mark.line - np.abs(inside), -along * narrow)
    return mark.strength * np.clip(0.5 + inside / pixel, 0, 1) * np.clip(facing / pixel, 0, 1)


def _roughness(relief: Relief, sphere: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Relative brightness (n,) that a relief adds: dark pits, and slopes that face the lamp bright.

    Height is a sum of cos(k u + phase), its slope a sum of sines: together one cosine per wave.
    """
    facing = relief.waves @ toward
    facing *= relief.slope / np.sqrt(np.square(facing).mean())
    sizes = (np.hypot(relief.tone, facing) * np.sqrt(2 / len(facing))).astype(np.float32)
    phases = (relief.phases - np.arctan2(facing, relief.tone)).astype(np.float32)
    total = np.zeros(sphere.shape[1], np.float32)
    for wave, phase, size in zip(relief.waves, phases, sizes, strict=True):
        total += size * np.cos(_dot(wave, sphere) + phase)
    return total
