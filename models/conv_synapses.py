"""`ConvSynapses`: Brian2 synapses with shared weights, as in a convolution (docs/conv-synapses.md).

With C++ standalone and Cython the generated code computes the indices of targets and weights, and no synapse is stored.
With any other device the same statements run over explicit Synapses. Both process neurons and synapses in the same
order, so their results are equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from brian2 import Equations, NeuronGroup, Quantity, Subgroup, Synapses, get_device, get_dimensions, second
from brian2.core.variables import Subexpression, Variables
from brian2.groups.group import CodeRunner
from brian2.parsing.statements import parse_statement
from brian2.units.fundamentalunits import fail_for_dimension_mismatch
from brian2.utils.stringtools import get_identifiers

from .geometry import Window, kernel_order, pair
from .layer import Layer, positions
from .targets import genn, procedural

ORDER = {"pre": -1, "post": 1}  # within a step, as in Synapses
NO_DELAY: Any = 0 * second


class _Side(NamedTuple):
    """What runs when a neuron of one side has an event: the statements, the event's name, and how much later."""

    code: str
    event: str
    delay: Any


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
        if it is ``(shared)``. Empty for a connection without variables.
    on_pre, on_post
        Statements to run for every connected pair when its source or its target neuron fires. They may use
        ``<variable>_pre`` and ``<variable>_post`` of the groups, the variables of the kernel and the namespace.
    on_event
        Name of the event that counts as firing, or one for each side: ``{"pre": ..., "post": ...}``.
    kernel
        Another ConvSynapses with a kernel of the same shape, whose variables this one uses instead of its own.
    delay
        Time from a source's event to `on_pre`, for all pairs, or ``{"pre": ..., "post": ...}``. It is rounded to steps
        of the group that fires, half a step up, as in Synapses.
    name
        Name of the group; the statements run as ``NAME_pre`` and ``NAME_post``.
    options
        Further arguments of NeuronGroup: ``method``, ``namespace``, ``dtype``, ``dt``, ``clock`` (default: that of
        `source`).

    Attributes
    ----------
    pre, post
        Objects that run `on_pre` and `on_post`; None without a statement. Their ``when``, ``order`` and ``delay`` may
        be changed.
    synapses
        The stored Synapses, on devices where the generated code does not compute them; None elsewhere.

    Raises
    ------
    ValueError
        A group does not have the size that `window` says; or `kernel` has another shape, or is given together with
        variables of this connection's own.
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
        on_pre: str | None = None,
        on_post: str | None = None,
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
        equations = Equations(model) if isinstance(model, str) else model
        has_weights = any("shared" not in equation.flags for equation in equations.values())
        if not {"dt", "clock"} & options.keys():
            options["clock"] = source.clock
        statements = {"pre": on_pre or None, "post": on_post or None}
        delays = {"pre": NO_DELAY, "post": NO_DELAY} | (dict(delay) if isinstance(delay, Mapping) else {"pre": delay})
        _check_delays(name, delays, statements)
        _check_supported(equations, statements)
        super().__init__(window.weights if has_weights else 1, equations, name=name, **options)
        self._check_fit(kernel, has_weights)
        events = dict.fromkeys(statements, on_event) if isinstance(on_event, str) else on_event
        sides = {
            side: _Side(code, events.get(side, "spike"), delays[side])
            for side, code in statements.items()
            if code is not None
        }
        (self._procedural if procedural() else self._explicit)(sides, kernel or self)

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

    def _procedural(self, sides: Mapping[str, _Side], kernel: ConvSynapses) -> None:
        for name, side in sides.items():
            pathway = ConvPathway(self, kernel, name, side)
            self.__dict__[name] = pathway
            self.contained_objects.append(pathway)

    def _explicit(self, sides: Mapping[str, _Side], kernel: ConvSynapses) -> None:
        self.synapses = ExplicitSynapses(self, kernel, sides)
        self.contained_objects.append(self.synapses)
        for name in sides:
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

    @property
    def weight_order(self) -> np.ndarray:
        """Which element of the kernel, flat in its shape, each weight of this group is."""
        shape = self.window.kernel_shape
        return kernel_order(shape) if isinstance(self.target, Layer) else np.arange(self.window.weights)

    def connect(self, *_: Any, **__: Any) -> None:
        """Raise NotImplementedError: the window alone says which neurons are connected."""
        raise NotImplementedError(f"{self.name} is connected by its window; use Synapses for any other pattern")


def _check_delays(name: str, delays: Mapping[str, Any], statements: Mapping[str, Any]) -> None:
    for side, delay in delays.items():
        if side not in statements:
            raise ValueError(f"{name}: a delay of {side!r}: give those of pre and post")
        _check_delay(f"{name}, {side}", delay)
        if delay > NO_DELAY and statements[side] is None:
            raise ValueError(f"{name}: a delay of {side} without on_{side}")


def _check_delay(name: str, delay: Any) -> None:
    """Raise an error for what is no single time from 0 on."""
    fail_for_dimension_mismatch(delay, second, f"{name}: a delay needs a unit of time")
    if np.ndim(delay) > 0:
        raise NotImplementedError(f"{name}: all pairs of ConvSynapses share one delay, and one value is asked for")
    if not 0 <= float(delay) < np.inf:
        raise ValueError(f"{name}: a delay of {delay}: it has to be 0 or more")


def _check_supported(equations: Equations, statements: Mapping[str, Any]) -> None:
    """Raise NotImplementedError for unsupported Synapses features."""
    for equation in equations.values():
        for flag in {"summed", "event-driven", "linked"} & set(equation.flags):
            raise NotImplementedError(
                f"'{equation.varname}' cannot be ({flag}): a variable of ConvSynapses belongs to a weight, which many "
                "synapses share, and not to one synapse"
            )
    for side, code in statements.items():
        if code is not None and not isinstance(code, str):
            raise NotImplementedError(f"on_{side} has to be one string of statements: each side has one pathway")
        if found := {"i", "j", "lastupdate"} & get_identifiers(code or ""):
            raise NotImplementedError(
                f"on_{side} cannot use {sorted(found)[0]}: ConvSynapses stores nothing per synapse; "
                "use a variable of the groups"
            )


class ExplicitSynapses(Synapses):
    """The same pairs stored as synapses, in the order of source, then target. They refer to the kernel's variables.

    GeNN has no such references. There each synapse has variables of its own, which the code that runs the model fills
    from the kernel; ``kernel_index`` says which weight is whose.
    """

    def __init__(self, conv: ConvSynapses, kernel: ConvSynapses, sides: Mapping[str, _Side]):
        self._kernel = kernel
        model = Equations("kernel_index : integer (constant)")
        if genn():
            model += kernel.equations
        code = {f"on_{name}": side.code for name, side in sides.items()}
        common: dict[str, Any] = {
            "name": f"{conv.name}_synapses",
            "clock": conv.clock,
            "namespace": conv.namespace,
            "on_event": {name: side.event for name, side in sides.items()},
            "delay": {name: side.delay for name, side in sides.items() if side.delay > NO_DELAY or not genn()},
        }
        super().__init__(conv.source, conv.target, model=model, **code, **common)
        pre, post, weight = conv.window.synapses()
        pre, post = positions(conv.source, pre), positions(conv.target, post)
        order = np.lexsort((post, pre))
        self.connect(i=pre[order], j=post[order])
        self.kernel_index = np.argsort(conv.weight_order)[weight[order]]
        device: Any = get_device()
        if hasattr(device, "synapses"):  # C++ devices look for Synapses in the network, but not inside of its objects
            device.synapses.add(self)

    def _create_variables(self, equations, user_dtype=None):
        super()._create_variables(equations, user_dtype=user_dtype)
        if genn():
            return
        for name in self._kernel.equations.names:
            scalar = self._kernel.variables[name].scalar
            self.variables.add_reference(name, self._kernel, name, index="0" if scalar else "kernel_index")


class ConvPathway(CodeRunner):
    """Runs the statement of one side in generated code that computes the indices of all variables itself.

    With a delay of k steps, events wait in a ring of k places: the place of a step holds those of k steps ago, which
    are processed, and then takes those of now.
    """

    def __init__(self, conv: ConvSynapses, kernel: ConvSynapses, name: str, side: _Side):
        self._conv, self._side, self._ring, self._delay = conv, name, f"_{name}_ring", side.delay
        firing = conv.source if name == "pre" else conv.target
        self.variables = _variables(conv, kernel, side.code)
        eventspace = f"_{side.event}space"
        self.variables.add_reference(eventspace, firing)
        self.variables.add_reference("t_in_timesteps", firing)
        needed, touched = [eventspace], None
        if name == "pre" and isinstance(conv.target, Layer):
            touched = conv.target.variables["_touched"]
            self.variables.add_reference("_touched_post", conv.target, "_touched", index="0")
            needed.append("_touched_post")
        keywords = {
            "eventspace_variable": firing.variables[eventspace],
            "places": firing.variables[eventspace].size,
            "time_variable": firing.variables["t_in_timesteps"],
            "touched_variable": touched,
            "block": None if touched is None else conv.target.block,
            "independent": _independent(side.code, self.variables, name),
        }
        super().__init__(
            conv,
            f"conv_{name}",
            code=side.code,
            when="synapses",
            order=ORDER[name],
            name=f"{conv.name}_{name}",
            clock=firing.clock,
            needed_variables=needed,
            template_kwds=keywords | _sizes(conv),
            codeobj_class=procedural(),
        )

    @property
    def delay(self) -> Quantity:
        """Time from an event to the statement, for all pairs. A change takes effect with the next run."""
        return self._delay

    @delay.setter
    def delay(self, delay: Quantity) -> None:
        _check_delay(f"{self._conv.name}, {self._side}", delay)
        self._delay = delay

    @property
    def delay_steps(self) -> int:
        """The delay in steps: the nearest number, half a step goes up."""
        return int(np.floor(float(self.delay / self.clock.dt) + 0.5))

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Make the ring that the delay needs."""
        keywords: Any = self.template_kwds
        keywords["delay"] = self.delay_steps
        if self.delay_steps > 0:
            keywords["ring_variable"] = self._sized_ring(self.delay_steps * keywords["places"])
        super().before_run(run_namespace)

    def _sized_ring(self, size: int) -> Any:
        """The ring as a variable of the connection, which stores and restores it."""
        name, variables = self._ring, self._conv.variables
        if name not in variables or variables[name].size != size:
            variables.add_array(name, size=size, dtype=np.int32)
            self.variables.add_reference(name, self._conv, index="0")
            self.needed_variables = [*dict.fromkeys([*self.needed_variables, name, "t_in_timesteps"])]
        return variables[name]


def _variables(conv: ConvSynapses, kernel: ConvSynapses, code: str) -> Variables:
    """The variables that the statement may use, each with the index by which its array is read."""
    variables = Variables(conv)
    indices = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx", "kernel": "_weight_idx"}
    for index in indices.values():
        variables.add_auxiliary_variable(index, dtype=np.int32)
        variables[index].unique = True  # pyright: ignore - pairs come one by one: no warning about their order

    def refer(word: str, group: Any, name: str, role: str) -> None:
        index = "0" if group.variables[name].scalar else indices[role]
        variables.add_reference(word, group, name, index=index)

    for name in kernel.equations.names:
        refer(name, kernel, name, "kernel")
    for word in sorted(get_identifiers(code)):
        stem, _, role = word.rpartition("_")
        group = {"pre": conv.source, "post": conv.target}.get(role)
        if group is not None and stem in group.variables:
            refer(word, group, stem, role)
    return variables


def _independent(code: str, variables: Variables, side: str) -> bool:
    """Whether the pairs of one event and row can be processed in parallel: no pair writes what another one uses."""
    firing = f"_{side}synaptic_idx"
    written = {parse_statement(line)[0] for line in code.splitlines() if line.strip()}
    for name in written & set(variables):
        if variables.indices[name] in (firing, "0"):
            return False
        same = [other for other in variables if variables[other] is variables[name]]
        if len({variables.indices[other] for other in same}) > 1:
            return False
    return not any(isinstance(variable, Subexpression) for variable in variables.values())


def _sizes(conv: ConvSynapses) -> dict[str, Any]:
    """The window as variables of the templates: C, H, W of the source; M, OH, OW of the target; and so on."""
    window = conv.window
    (C, H, W), (M, OH, OW), (_, KC, KH, KW) = window.source, window.target, window.kernel_shape
    PY, PX = pair(window.padding)
    return {
        **{"C": C, "H": H, "W": W, "M": M, "OH": OH, "OW": OW, "KC": KC, "KH": KH, "KW": KW},
        **{"PY": PY, "PX": PX, "S": window.stride, "depthwise": window.depthwise},
        "whole": min(OW, -(-KW // window.stride)),
        "source_start": conv.source.start,
        "target_start": conv.target.start,
        "source_last": isinstance(conv.source, Layer),
        "target_last": isinstance(conv.target, Layer),
        "source_is_part": isinstance(conv.source, Subgroup),
        "target_is_part": isinstance(conv.target, Subgroup),
    }
