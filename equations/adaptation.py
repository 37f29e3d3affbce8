"""Thresholds that vary a little with the number of events in a stimulus (docs/model.md, rule 4).

Kirkland et al. 2020, sections IV.B and IV.C ('PENT'), in words: thresholds follow the number of events in the buffer,
by a small variation between a known minimum and maximum. The formula is ours:

    theta_f = resting_f * scale
    scale   = 1 + r (2 p - 1),   p = (n - n_min) / (n_max - n_min), held between 0 and 1

n               input spikes of the stimulus
n_min, n_max    fewest and most input spikes of a training stimulus
r               ``input.threshold_variation`` of the configuration

``scale`` is computed before the run (`threshold_scale` in models/network.py). There is one stimulus neuron per
presentation, which fires at its onset and applies the scale to the thresholds of all maps.
"""

STIMULUS = """
scale : 1
period : second (shared, constant)
"""
"""The neuron of one presentation; the presentation's number is its index.

scale     factor on all thresholds
period    time from one onset to the next, in seconds
"""

STIMULUS_ONSET = "abs(t - i * period) < 0.5 * dt"
"""Presentation i begins at time i * period.

Reads: t, the time; i, the presentation; period; dt, the duration of a step
When: thresholds; so it fires in the first step of its stimulus
"""

FEATURE = """
theta : 1
resting : 1
"""
"""A neuron that holds the threshold of a map, to which the neurons of the map are linked.

theta      the map's threshold in this stimulus
resting    its threshold before adaptation
"""

FEATURE_SCALE = "theta_post = resting_post * scale_pre"
"""The formula above.

Reads: resting_post; scale_pre
Updates: theta_post
When: synapses, in the first step of a stimulus, in which all potentials are still 0: no neuron meets an old threshold
"""

FEATURE_SCALE_SINGLE = "theta_post = not_less(resting_post * scale_pre)"
"""The same where potentials are in single precision, as the threshold is then, too.

`not_less` gives the smallest number of single precision that is not less (models/neurons.py): a potential reaches the
one exactly if it reaches the other. Numbers of one precision are compared in half of the time.

Reads: resting_post; scale_pre; not_less
Updates: theta_post
When: synapses, see FEATURE_SCALE
"""
