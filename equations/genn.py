"""What the encoder has instead of linked variables and custom events on GeNN, which knows neither (docs/devices.md).

Thresholds are copied to the neurons when a stimulus begins. The competition at a place (contract 7) is one summed
variable: of the maps that reach their threshold in a step, the best one has rank 1 in the next step, and fires then.
"""

STIMULUS = "scale : 1 (constant)"

FEATURE = "resting : 1 (constant)"

CONV = """
v : 1
theta : 1
stimulus : integer
"""

CONV_NEW_STIMULUS = """
changed = True
v = 0
theta = resting * scale
stimulus = stimulus + 1
"""

PLACE_CONV = f"{CONV}rank : 1"

# A candidate's rank is the number of candidates that are not behind it, itself included: those with a larger potential,
# and of those with an equal one the lower maps. A neuron that has fired, at minus infinity, keeps all ranks above 1.
PLACE_RANK = (
    "rank_post = 2 * int(v_pre == -inf) + int(v_pre >= theta_pre) * int(v_post >= theta_post)"
    " * (int(v_pre > v_post) + int(v_pre == v_post) * int(feature_pre <= feature_post)) : 1 (summed)"
)

PLACE_THRESHOLD = "rank == 1"
