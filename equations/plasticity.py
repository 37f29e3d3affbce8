"""Simplified STDP with shared weights, and the homeostasis of thresholds, as equations.

Kheradpisheh et al. 2018, equation 3: when a neuron fires, weights of inputs that fired before it grow by
a+ w (1 - w), all others, those that never fire included, shrink by a- w (1 - w) (DESIGN contract 5).
"""

LEARNER = """
v : 1
drive : 1
neuron : integer (constant)
theta : 1 (linked)
holder : integer (linked)
wins : integer (linked)
winners : integer (shared)
a_plus : 1 (shared)
a_minus_ratio : 1 (shared)
a_minus : 1 (shared)
a_plus_max : 1 (shared)
doubling : integer (shared)
presented : integer (shared)
"""

# a+ doubles every `doubling` stimuli (Kheradpisheh et al. 2018, section 2.3).
LEARNER_NEW_STIMULUS = """
a_plus = clip(a_plus * (1 + int(presented > 0 and presented % doubling == 0)), 0, a_plus_max)
a_minus = a_minus_ratio * a_plus
presented = presented + 1
changed = True
v = 0
"""

AFFERENT = "fired : 1"

AFFERENT_SPIKE = "fired_post = 1"

AFFERENT_NEW_STIMULUS = "fired = 0"

STDP = "w = clip(w + (a_plus_post * fired_pre - a_minus_post * (1 - fired_pre)) * (w * (1 - w)), 0, 1)"

# Homeostasis: a winning map's threshold rises, every map's falls with each win and after a stimulus without one.

FEATURE = """
theta : 1
rise : 1 (shared)
fall : 1 (shared)
silent_fall : 1 (shared)
wins : integer (linked)
"""

FEATURE_NEW_STIMULUS = "theta = theta * (1 - silent_fall * int(wins == 0))"

FEATURE_RISE = "theta_post = theta_post * (1 + rise_post)"

FEATURE_FALL = "theta_post = theta_post * (1 - fall_post)"

GATE_NEW_STIMULUS = "wins = 0"
