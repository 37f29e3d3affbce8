"""The model as text: the strings that Brian2 turns into code, each with its formula, symbols and source.

Below each string stands its formula as its source prints it, what each symbol means, what the string reads and
updates, and when in a step it runs. docs/model.md has the same strings in the order of the model's rules.

Learning rules are files of their own, in rules/: each has its formula, symbols and source, as a user's own would.

Sources
-------
Kirkland et al. 2020
    SpikeSEG: Spiking Segmentation via STDP Saliency Mapping. IJCNN. The model.
Kheradpisheh et al. 2018
    STDP-based spiking deep convolutional neural networks for object recognition. Neural Networks 99. The neuron, STDP,
    and competition, in the formulas that the model builds on.
Mozafari et al. 2019
    Bio-inspired digit recognition using reward-modulated spike-timing-dependent plasticity in deep convolutional
    networks. Pattern Recognition 94. Several winners per stimulus, and a learning rate that doubles.

Notation
--------
- ``x_pre`` is x of the neuron on the source side of a connection, ``x_post`` on the target side. A name without either
  is the neuron's own, or, in a statement of a connection, the weight's.
- A statement of a connection runs once for every connected pair whose source neuron fires; STDP: whose target fires.
- Potentials, thresholds, weights and rates are dimensionless: a weight of 1 raises a potential by 1.
- ``t``, ``dt`` and ``i`` are Brian2's: time, duration of a step, index of a neuron.

A step
------
Brian2 runs the parts of a step in this order; the entries below name them after "When".

1. ``start``: in the first step of a stimulus, all that belongs to the last one is forgotten.
2. ``before_thresholds``: neurons at or above threshold become candidates and compete.
3. ``thresholds``: who fires.
4. ``synapses``: spikes silence competitors, change weights, then arrive in the layer above.
5. ``resets``: who has fired can fire no more.

While a layer learns, a step is cut into ticks, and one winner fires in each (docs/model.md, rule 6). All of these parts
then run in every tick; only the input comes once a step, in the first tick.
"""
