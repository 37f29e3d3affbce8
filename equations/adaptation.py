"""Thresholds that vary a little with the number of events in the stimulus (Kirkland et al. 2020, section IV.B).

A stimulus neuron per presentation fires at its onset and scales the resting threshold of every feature map.
"""

STIMULUS = """
scale : 1
period : second (shared, constant)
"""

STIMULUS_ONSET = "abs(t - i * period) < 0.5 * dt"

FEATURE = """
theta : 1
resting : 1
"""

FEATURE_SCALE = "theta_post = resting_post * scale_pre"
