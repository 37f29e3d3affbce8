"""Winner-take-all: of the neurons that reach their threshold in a step, one may fire (docs/model.md, rules 6 and 7).

Kheradpisheh et al. 2018: a neuron that fires inhibits those of other maps at its place (section 2.2); of several in one
step the one with the largest potential learns (section 2.4).

Neurons at or above threshold have the event ``candidate`` before thresholds are applied. A gate collects the largest
value among them and who holds it. At a place candidates come in the order of their maps and have to exceed the value
found so far, so a tie stays with the lowest map. Only the holder passes its threshold. The comparison is

    if x > best: holder, best = candidate, x

written without a branch: int(x > best) is 1 or 0, and clip(best, x, inf) is the larger of the two.
"""

GATE = """
best : 1
holder : integer
"""
"""The gate of one place.

best      largest potential of a candidate so far
holder    the map of that candidate
"""

# While encoding, the maps compete at each place: a gate per place, held by a map (rule 7).

PLACE_CONV = """
v : 1
theta : 1 (linked)
holds : boolean
"""
"""A neuron of a convolutional layer whose maps compete.

v        potential
theta    threshold of its map
holds    whether its map holds the gate of its place; up to date in candidates only
"""

PLACE_CANDIDATE = "v >= theta"
"""Which neurons compete.

Reads: v, potential; theta, threshold
When: before_thresholds, first
"""

PLACE_OPEN = "best_post = -inf"
"""A gate forgets the step before.

Updates: best_post
When: before_thresholds, second, for every candidate and the gate of its place
"""

PLACE_COMPARE = """
holder_post = holder_post + (feature_pre - holder_post) * int(v_pre > best_post)
best_post = clip(best_post, v_pre, inf)
"""
"""The largest potential holds the gate, then the lowest map.

Reads: v_pre, the candidate's potential; feature_pre, its map; holder_post; best_post
Updates: holder_post; best_post
When: before_thresholds, third, for every candidate and the gate of its place
"""

PLACE_TELL = "holds_pre = feature_pre == holder_post"
"""Each candidate learns whether it holds the gate.

Reads: feature_pre, the candidate's map; holder_post
Updates: holds_pre
When: before_thresholds, last, for every candidate and the gate of its place
"""

PLACE_THRESHOLD = "v >= theta and holds"
"""Of the candidates at a place one fires. It then silences the others (`SILENCE` in neurons.py).

Reads: v, potential; theta, threshold; holds
When: thresholds
"""

# While learning, all neurons of a layer compete: one gate, held by a neuron, for a number of wins (rule 6).

LAYER_GATE = """
best : 1
holder : integer
wins : integer
"""
"""The gate of the layer.

best      largest drive of a candidate so far
holder    the neuron that has it, -1 without any
wins      winners in this stimulus so far
"""

LAYER_OPEN = """
best = -inf
holder = -1
"""
"""The gate forgets the tick before.

Updates: best; holder
When: start of every tick
"""

LAYER_CANDIDATE = "v >= theta and wins < winners"
"""Which neurons compete: none once the stimulus has had its winners.

Reads: v, potential; theta, threshold; wins; winners, the most that a stimulus may have
When: before_thresholds, first
"""

LAYER_IN_TIME = "t_in_timesteps % ticks_of_stimulus <= last_tick"
"""Neurons that change by themselves (neurons.py, MOVING) compete only under this condition besides.

All ticks after the first of a step belong to the next step, and those of the last step to none: the stimulus is over.

Reads: t_in_timesteps, the tick; ticks_of_stimulus; last_tick, the first tick of the last step
When: with LAYER_CANDIDATE
"""

LAYER_DRIVE = "drive = v / theta"
"""By what candidates are compared, since their maps have different thresholds (ours; potentials in the source).

Reads: v, potential; theta, threshold
Updates: drive, of the candidates only
When: before_thresholds, second
"""

LAYER_COMPARE = """
holder_post = holder_post + (neuron_pre - holder_post) * int(drive_pre > best_post)
holder_post = holder_post + (neuron_pre - holder_post) * int(drive_pre == best_post and neuron_pre < holder_post)
best_post = clip(best_post, drive_pre, inf)
"""
"""The largest drive holds the gate, then the lowest index.

Reads: drive_pre, the candidate's drive; neuron_pre, its index; holder_post; best_post
Updates: holder_post; best_post
When: before_thresholds, third, for every candidate
"""

LAYER_THRESHOLD = "v >= theta and neuron == holder"
"""The holder fires: it is this tick's winner.

Reads: v, potential; theta, threshold; neuron, the neuron's index; holder
When: thresholds
"""

LAYER_WIN = "wins_post += 1"
"""The gate counts winners.

Updates: wins_post
When: synapses, when a neuron wins
"""
