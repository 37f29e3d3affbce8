"""Winner-take-all between neurons, as equations (Kheradpisheh et al. 2018, section 2.2; DESIGN contract 6 and 7).

Neurons at or above threshold emit the event `candidate` before thresholds are applied. A gate collects the largest
potential among them and who holds it; candidates arrive in the order of their index, so a tie stays with the lowest.
Only the holder passes its threshold.
"""

GATE = """
best : 1
holder : integer
"""

# While encoding, maps compete at each place: a gate per place, held by a map (contract 7).

PLACE_CONV = """
v : 1
theta : 1 (linked)
holds : boolean
"""

PLACE_CANDIDATE = "v >= theta"

PLACE_OPEN = "best_post = -inf"

PLACE_COMPARE = """
holder_post = holder_post + (feature_pre - holder_post) * int(v_pre > best_post)
best_post = clip(best_post, v_pre, inf)
"""

PLACE_TELL = "holds_pre = feature_pre == holder_post"

PLACE_THRESHOLD = "v >= theta and holds"

# While learning, all neurons of a layer compete: one gate, held by a neuron, for a number of wins (contract 6).

LAYER_GATE = """
best : 1
holder : integer
wins : integer
"""

LAYER_OPEN = """
best = -inf
holder = -1
"""

# Maps have different thresholds then: candidates are compared by how far they are beyond their own.

LAYER_DRIVE = "drive = v / theta"

LAYER_COMPARE = """
holder_post = holder_post + (neuron_pre - holder_post) * int(drive_pre > best_post)
best_post = clip(best_post, drive_pre, inf)
"""

LAYER_CANDIDATE = "v >= theta and wins < winners"

LAYER_THRESHOLD = "v >= theta and neuron == holder"

LAYER_WIN = "wins_post += 1"
