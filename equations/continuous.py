"""Neurons in continuous time: they leak, fire, are refractory, and fire again (docs/model.md, rule 17).

Nothing is reset between stimuli, for there are none: events come at their own time. What neurons.py and competition.py
have for a potential and its threshold holds here, too. In addition:

**Leak.** A potential decays, V_i(t) = V_i(t') exp(-(t - t') / tau) + sum_j W_ji S_j(t) (Gerstner et al. 2014, section
1.3.1). Decaying each potential takes time for every neuron in every step, or for every input that arrives. So all of a
layer is measured in a unit that shrinks instead: `v` is V times `gain`, and

    gain(t) = exp(t / tau)

A quiet neuron's `v` then stays as it is, an input adds w * gain, and the threshold of a map grows as gain does. Between
two runs of a program everything that is measured in this unit is divided by the same power of two, which changes no
bit of any ratio (`carried` in runners/inference/continuous.py).

**Refractory time.** A neuron that fires in step s takes no input in the steps s, s + 1, ..., s + refractory - 1, and
neither does one that is silenced then. Its potential is 0 for so long. The first input that counts is that of step
s + refractory, and can make it fire in the step after. (Brian2's own `refractory` would look at every neuron in every
step.)

Steps are counted from the beginning of a run, in `t_in_timesteps`.
"""

RESTING = "until : integer"
"""A neuron of any layer has this besides.

until    the first step in which an input counts again
"""

CONV = """
until : integer
gain : 1 (shared)
"""
"""A neuron of a convolutional layer has this besides.

until    as in RESTING
gain     exp(t / tau), by which potentials and thresholds of the layer are multiplied
"""

CONV_STEP = "gain = gain * growth"
"""The unit of a layer shrinks.

Reads: gain; growth, exp(dt / tau)
Updates: gain
When: start of every step, first
"""

CONV_FORWARD = "v_post += w * gain_post * int(until_post <= t_in_timesteps)"
"""An input arrives, unless the neuron is refractory.

Reads: w, W_ji; gain_post; until_post; t_in_timesteps, the step
Updates: v_post, V_i times gain
When: synapses, once for every input that fires and every neuron that sees it
"""

AWAKE = "awake = until <= t_in_timesteps : boolean"
"""A neuron of a model that is named (neuron_models/) competes, and fires, only once its refractory time is over.

Reads: until; t_in_timesteps, the step
Updates: awake
When: with every comparison of v and theta
"""

TAKING = """
taking = int(until_post <= t_in_timesteps)
waiting = 1 - taking
"""
"""What an input does, it does to such neurons that are not refractory.

Reads: until_post; t_in_timesteps, the step; taking
Updates: taking, whether the input counts; waiting, the opposite
When: synapses, once for every input that fires and every neuron that sees it
"""

SILENCE_OTHERS = """
v_post = v_post * int(feature_pre == feature_post)
until_post = t_in_timesteps + refractory
"""
"""SILENCE for such neurons, of which the one that fires keeps what its file has made of v.

Reads: v_post; feature_pre, the map that fires; feature_post; t_in_timesteps, the step; refractory, in steps
Updates: v_post; until_post
When: synapses, after REFRACTORY and before inputs arrive, once for every pair of a neuron that fires and a competitor
"""

REFRACTORY = "until = t_in_timesteps + refractory"
"""Such a neuron has fired. Its file says what else happens, without a word that v = 0.

Reads: t_in_timesteps, the step; refractory, in steps
Updates: until
When: synapses, before inputs arrive, for every neuron that fires
"""

POOL_FORWARD = "v_post += int(until_post <= t_in_timesteps)"
"""An input in the window fires. A pooling neuron passes the first one on, and then waits out its refractory time.

Reads: until_post; t_in_timesteps, the step
Updates: v_post, the number of spikes
When: synapses, once for every input that fires and every window that it is in
"""

RESET = """
v = 0
until = t_in_timesteps + refractory
"""
"""A neuron that has fired begins anew once its refractory time is over.

Reads: t_in_timesteps, the step; refractory, in steps
Updates: v, the potential; until
When: resets, for every neuron that fires
"""

SILENCE = """
v_post = 0
until_post = t_in_timesteps + refractory
"""
"""A neuron that fires resets its competitors, too, and they are refractory for as long as it is.

Reads: t_in_timesteps, the step; refractory, in steps
Updates: v_post; until_post
When: synapses, once for every pair of a neuron that fires and a competitor
"""

ACTIVITY = """
count : 1
fewest : 1
most : 1
variation : 1
"""
"""How many input spikes there are: what the number of events of a buffer is in buffers (docs/model.md, rule 4).

count         input spikes, each worth exp(-age / window): in a steady stream as many as come within the window
fewest, most  the fewest and the most of a training stimulus, n_min and n_max
variation     r, how far thresholds vary
"""

ACTIVITY_SCALE = "scale = 1 + variation * (2 * clip((count - fewest) / (most - fewest), 0, 1) - 1) : 1"
"""By what all thresholds are multiplied, 1 + r (2 p - 1) (equations/adaptation.py).

Reads: variation; count; fewest; most
Updates: scale
When: wherever it is read
"""

ACTIVITY_STEP = "count = count * fading"
"""The past counts less and less.

Reads: count; fading, exp(-dt / window)
Updates: count
When: start of every step
"""

ACTIVITY_FORWARD = "count_post += 1"
"""An input spike is counted.

Updates: count_post
When: synapses, once for every input that fires
"""

FEATURE = """
theta : 1
resting : 1
gain : 1 (linked)
scale : 1 (linked)
"""
"""A neuron that holds the threshold of a map, to which the neurons of the map are linked.

theta      the map's threshold, times gain
resting    its threshold before adaptation
gain       of the layer
scale      of the input's activity
"""

PLAIN_FEATURE_STEP = "theta = resting * scale"
"""FEATURE_STEP for neurons of a model that is named, which are looked at in every step, and whose gain is 1.

Reads: resting; scale
Updates: theta
When: start of every step, last
"""

FEATURE_STEP = "theta = clip(resting * scale * gain, theta, inf)"
"""Thresholds follow the activity. They fall no faster than potentials do, which is why no quiet neuron ever meets one.

Reads: resting; scale; gain; theta
Updates: theta
When: start of every step, last
"""
