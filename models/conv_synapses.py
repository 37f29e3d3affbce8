"""`ConvSynapses`: Brian2 synapses with shared weights, as in a convolution (docs/conv-synapses.md).

With C++ standalone and Cython the generated code computes the indices of targets and weights, and no synapse is stored.
With any other device the same statements run over explicit Synapses. Both process neurons and synapses in the same
order, so their results are equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from brian2 import Equations, NeuronGroup, Quantity, get_dimensions

from .geometry import Window, kernel_order, one_to_one
from .layer import Layer
from .synapses.explicit import ExplicitSynapses
from .synapses.pathway import RING, ConvPathway
from .synapses.sides import NO_DELAY, Code, Side, check_linked, sides
from .synapses.traces import LAST, THEN, Traces, Update, keepers
from .targets import genn, procedural


class ConvSynapses(NeuronGroup):
    """Synapses that share their weights between places, as in a convolution or a pooling.

    It is used like Brian2's Synapses, except that `window` says who is connected. As a group it is the kernel: it has
    one element per weight, in the order of (target map, source map, row, column), or in `geometry.kernel_order` where
    the target is a `Layer`. The kernel's variables are read and written by name, flat, or in the kernel's shape by
    `get_kernel` and `set_kernel`. They can be monitored, be changed by ``run_regularly``, and follow differential
    equations.

    Parameters
    ----------
    source, target
        Groups with ``window.source.size`` and ``window.target.size`` neurons. The index of a neuron is
        (map * rows + row) * columns + column; that of a `Layer`, (row * columns + column) * maps + map.
    window
        Which sources a target sees, and through which weight.
    model
        Equations of the kernel, with units as in any Brian2 model. A variable has one value per weight, or one in all
        if it is ``(shared)``; one that decays and is ``(event-driven)`` is a trace, with a value per neuron of the side
        whose events set it. Empty for a connection without variables.
    on_pre, on_post
        Statements to run for every connected pair when its source or its target neuron fires. They may use
        ``<variable>_pre`` and ``<variable>_post`` of the groups, the variables of the kernel, traces and the namespace.
        Several pathways have names: ``{"transmission": ..., "plasticity": ...}``.
    on_event
        Name of the event that counts as firing, or one for each pathway: ``{"pre": ..., "post": ...}``.
    kernel
        Another ConvSynapses with a kernel of the same shape, whose variables this one uses instead of its own.
    delay
        Time from a source's event to `on_pre`, for all pairs, or that of each pathway: ``{"pre": ..., "post": ...}``.
        It is rounded to steps of the group that fires, half a step up, as in Synapses.
    name
        Name of the group; the statements run as ``NAME_pre`` and ``NAME_post``, or ``NAME_PATHWAY``.
    options
        Further arguments of NeuronGroup: ``method``, ``namespace``, ``dtype``, ``dt``, ``clock`` (default: that of
        `source`).

    Attributes
    ----------
    pre, post
        Objects that run `on_pre` and `on_post`; None without a statement. Pathways with names are attributes of these
        names. Their ``when``, ``order`` and ``delay`` may be changed.
    traces
        By side, ``pre`` and ``post``, the group that keeps its traces: their values when they were set last, and as
        ``NAME_last`` when that was. Its neurons are numbered as those of the source or target.
    synapses
        The stored Synapses, on devices where the generated code does not compute them; None elsewhere.

    Raises
    ------
    ValueError
        A group does not have the size that `window` says; or `kernel` has another shape, or is given together with
        variables of this connection's own; or a pathway has the name of something else.
    NotImplementedError
        A feature of Synapses is asked for that weight sharing rules out, or that is not supported.

    Notes
    -----
    By default the statements run in the slot ``synapses`` of a step, as in Synapses: `on_pre` first (order -1), then
    `on_post` (order 1). Without delay a spike takes effect in the step in which it is fired, after the thresholds of
    that step, so a target can fire in the next step at the earliest.

    Events are processed in the order of the index of their neuron, and the pairs of one event in the order of
    (map, row, column), or (row, column, map) in a `Layer`.
    """

    def __init__(
        self,
        source: Any,
        target: Any,
        window: Window,
        model: str | Equations = "",
        *,
        on_pre: Code = None,
        on_post: Code = None,
        on_event: str | Mapping[str, str] = "spike",
        kernel: ConvSynapses | None = None,
        delay: Quantity | Mapping[str, Quantity] = NO_DELAY,
        name: str = "convsynapses*",
        **options: Any,
    ):
        self.source, self.target, self.window = source, target, window
        self.pre: Any = None
        self.post: Any = None
        self.synapses: ExplicitSynapses | None = None
        self.traces: dict[str, NeuronGroup] = {}
        self._updates: list[tuple[str, Update, ConvSynapses]] = []
        equations = Equations(model) if isinstance(model, str) else model
        if not {"dt", "clock"} & options.keys():
            options["clock"] = source.clock
        _check_supported(equations)
        pathways = sides(name, {"pre": on_pre, "post": on_post}, on_event, delay)
        traces = Traces(name, equations, pathways)
        equations = traces.kernel
        has_weights = any("shared" not in equation.flags for equation in equations.values())
        super().__init__(window.weights if has_weights else 1, equations, name=name, **options)
        self._check_fit(kernel, has_weights)
        self._check_names(pathways)
        check_linked(self.name, pathways, {"pre": source, "post": target})
        pathways = self._keep_traces(traces, pathways, (kernel or self).equations.names)
        (self._procedural if procedural() else self._explicit)(pathways, kernel or self)

    def _check_fit(self, kernel: ConvSynapses | None, has_weights: bool) -> None:
        shapes = self.window.source, self.window.target
        sizes = len(self.source), len(self.target)
        if sizes != tuple(shape.size for shape in shapes):
            raise ValueError(f"{self.name}: groups of {sizes[0]} and {sizes[1]} neurons do not fit {self.window}")
        alike = kernel is None or (
            kernel.window.kernel_shape == self.window.kernel_shape
            and isinstance(kernel.target, Layer) == isinstance(self.target, Layer)
        )
        if kernel is not None and (has_weights or not alike):
            raise ValueError(f"{self.name}: {kernel.name}'s kernel, of {kernel.window.kernel_shape}, cannot be shared")

    def _keep_traces(self, traces: Traces, pathways: Mapping[str, Side], kernel: Collection[str]) -> dict[str, Side]:
        """Make the groups that keep traces and the connections that set them; return what pathways do for pairs."""
        parts = {}
        for side, group in (("pre", self.source), ("post", self.target)):
            if known := traces.of(side):
                if genn():
                    raise NotImplementedError(
                        f"{self.name}: GeNN has no (event-driven) traces: use variables of the groups"
                    )
                self.traces[side], parts[side] = keepers(group, known, f"{self.name}_{side}_traces")
                self.contained_objects.append(self.traces[side])
        of_pairs = {}
        for name, side in pathways.items():
            pairs, update = traces.divided(name, side, kernel)
            if update is not None:
                setting = self._setting(name, side, parts[side.side], update.code)
                self.__dict__[name] = setting.pre  # where there is nothing to do for pairs
                self._updates.append((name, update, setting))
                self.contained_objects.append(setting)
            if pairs.code:
                of_pairs[name] = pairs
        return of_pairs

    def _setting(self, name: str, side: Side, keeper: Any, code: str) -> ConvSynapses:
        group, shape = (self.source, self.window.source) if side.side == "pre" else (self.target, self.window.target)
        options = {"on_event": side.event, "delay": side.delay, "namespace": self.namespace}
        return ConvSynapses(group, keeper, one_to_one(shape), on_pre=code, name=f"{self.name}_{name}_sets", **options)

    @property
    def contained_objects(self) -> list[Any]:
        """What runs with this group; what sets traces keeps to the schedule and the delay of its pathway."""
        for name, update, setting in self._updates:
            pathway, own = self.__dict__[name], setting.pre
            if pathway is not own:
                own.when, own.order = pathway.when, pathway.order + (-0.5 if update.before else 0.5)
                own.delay = pathway.delay
        return self._contained_objects

    def traces_of(self) -> Iterator[tuple[str, NeuronGroup, str, str]]:
        """Yield what pathways call the values and times of traces, their group, variable and side."""
        for side, keeper in self.traces.items():
            for name in keeper.equations.names:
                if name.endswith(LAST):
                    yield name, keeper, name, side
                    yield name.removesuffix(LAST) + THEN, keeper, name.removesuffix(LAST), side

    def _check_names(self, pathways: Mapping[str, Side]) -> None:
        for name in pathways.keys() - {"pre", "post"}:
            if not name.isidentifier() or hasattr(self, name):
                raise ValueError(f"{self.name}: a pathway cannot be called {name!r}: choose another name")

    def _restore_from_full_state(self, state: Mapping[str, Any]) -> None:
        """Restore all variables; no event was under way in pathways that had not run when the state was stored."""
        for name, variable in self.variables.items():
            if name.endswith(RING) and name not in state:
                variable.set_value(np.zeros(variable.size, variable.dtype))
        super()._restore_from_full_state(state)

    def _procedural(self, pathways: Mapping[str, Side], kernel: ConvSynapses) -> None:
        for name, side in pathways.items():
            pathway = ConvPathway(self, kernel, name, side)
            self.__dict__[name] = pathway
            self.contained_objects.append(pathway)

    def _explicit(self, pathways: Mapping[str, Side], kernel: ConvSynapses) -> None:
        self.synapses = ExplicitSynapses(self, kernel, pathways)
        self.contained_objects.append(self.synapses)
        for name in pathways:
            self.__dict__[name] = getattr(self.synapses, name)

    def get_kernel(self, variable: str = "w") -> Any:
        """Values of a variable, with units, in the kernel's shape: (target maps, source maps, rows, columns)."""
        values = self.state(variable)[:]
        return values[np.argsort(self.weight_order)].reshape(self.window.kernel_shape)

    def set_kernel(self, values: Any, variable: str = "w") -> None:
        """Set a variable to values, with units, that have the kernel's shape or can be broadcast to it.

        Raises
        ------
        ValueError
            They have another shape, or are not all finite numbers.
        """
        if not np.isfinite(np.asarray(values)).all():
            raise ValueError(f"{self.name}: a kernel with values that are no finite numbers")
        unit = Quantity(1, dim=get_dimensions(values))
        flat = np.broadcast_to(np.asarray(values), self.window.kernel_shape).reshape(-1)[self.weight_order]
        setattr(self, variable, flat * unit)

    def weight_index(self, target_map: Any, feature: Any, row: Any, column: Any) -> np.ndarray:
        """Where weights lie in this group, for `StateMonitor` and flat access.

        Parameters
        ----------
        target_map, feature, row, column
            Which weights, as in the kernel's shape: each a number, a slice or an array, as NumPy takes them.

        Returns
        -------
        np.ndarray
            Indices, (n,) int.

        Raises
        ------
        IndexError
            The kernel has no such weight.
        """
        places = np.argsort(self.weight_order).reshape(self.window.kernel_shape)
        return np.atleast_1d(places[target_map, feature, row, column]).ravel()

    @property
    def weight_order(self) -> np.ndarray:
        """Which element of the kernel, flat in its shape, each weight of this group is."""
        shape = self.window.kernel_shape
        return kernel_order(shape) if isinstance(self.target, Layer) else np.arange(self.window.weights)

    def connect(self, *_: Any, **__: Any) -> None:
        """Raise NotImplementedError: the window alone says which neurons are connected."""
        raise NotImplementedError(f"{self.name} is connected by its window; use Synapses for any other pattern")


def _check_supported(equations: Equations) -> None:
    """Raise NotImplementedError for unsupported variables of Synapses."""
    for equation in equations.values():
        for flag in {"summed", "linked"} & set(equation.flags):
            raise NotImplementedError(
                f"'{equation.varname}' cannot be ({flag}): a variable of ConvSynapses belongs to a weight, which many "
                "synapses share, and not to one synapse"
            )
