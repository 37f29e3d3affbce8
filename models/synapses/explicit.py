"""Synapses that are stored, for devices whose generated code does not compute them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2 import Equations, Synapses, get_device

from ..layer import positions
from ..targets import genn
from .sides import NO_DELAY, Side


class ExplicitSynapses(Synapses):
    """The same pairs stored as synapses, in the order of source, then target. They refer to the kernel's variables.

    GeNN has no such references. There each synapse has variables of its own, which the code that runs the model fills
    from the kernel; ``kernel_index`` says which weight is whose.
    """

    def __init__(self, conv: Any, kernel: Any, pathways: Mapping[str, Side]):
        self._kernel, self._traces = kernel, conv.traces_of
        model = Equations("kernel_index : integer (constant)")
        if genn():
            model += kernel.equations
        code: dict[str, dict[str, str]] = {"on_pre": {}, "on_post": {}}
        for name, side in pathways.items():
            code[f"on_{side.side}"][name] = side.code
        common: dict[str, Any] = {
            "name": f"{conv.name}_synapses",
            "clock": conv.clock,
            "namespace": conv.namespace,
            "on_event": {name: side.event for name, side in pathways.items()},
            "delay": {name: side.delay for name, side in pathways.items() if side.delay > NO_DELAY or not genn()},
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
        for word, group, variable, side in self._traces():
            self.variables.add_reference(word, group, variable, index=f"_{side}synaptic_idx")
