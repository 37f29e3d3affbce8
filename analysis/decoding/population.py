"""Answers of a whole layer: what each Conv3 map stands for is a share of every class, and all maps have a say.

A map that is named after the class of most of its stimuli says nothing of the others, and in `segmentation` one map
decides. Here labels assign to each map how its responses to the training stimuli divide among the classes, and a
stimulus is answered by all maps, each as far as it responds: the population code of Diehl and Cook (Frontiers in
Computational Neuroscience 9:99, 2015), with the proportions of Hazan et al. (BindsNET, Frontiers in Neuroinformatics
12:89, 2018) in place of one class per map. Maps learn without labels, and no weight is fitted to them. docs/model.md,
rule 16.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SHARPNESS = (2.0, 5.0, 10.0, 20.0, 40.0)  # per potential over threshold: the larger, the more the best maps decide
_UNSEEN = 0.1  # response to each class that a map is taken to have had before it has seen anything


class Population(NamedTuple):
    """What a population answers, and what was chosen for it.

    Attributes
    ----------
    stimuli, recordings
        Number of the answered class, of each stimulus and of each picture or recording as a whole, (n,) int.
    trained
        The same of each training picture or recording, by shares that it is part of, (items,) int.
    sharpness
        How much the maps that respond most decide; chosen on the training part.
    left_out
        Share of the training stimuli, and recordings, that are answered rightly by proportions without their recording.
    """

    stimuli: np.ndarray
    recordings: np.ndarray
    trained: np.ndarray
    sharpness: float
    left_out: tuple[float, float]


def population_answers(
    train: np.ndarray, train_item: np.ndarray, truth: np.ndarray, shown: np.ndarray, item: np.ndarray, classes: int
) -> Population:
    """Divide the responses of maps to labelled stimuli among the classes, and let them answer other stimuli.

    Parameters
    ----------
    train, shown
        Largest potential over threshold of each map, (stimuli, maps), of training stimuli and of those to be answered.
    train_item, item
        Number of the picture or recording of each of these stimuli, from 0, ascending, (stimuli,) int.
    truth
        Number of the class of each training picture or recording, (items,) int.
    classes
        Number of classes.
    """
    best: tuple[tuple[int, int], float] | None = None
    for sharpness in SHARPNESS:
        evidence = _left_out(_responses(train, sharpness), train_item, truth, classes)
        whole = int((_sums(evidence, train_item).argmax(axis=1) != truth).sum())
        wrong = whole, int((evidence.argmax(axis=1) != truth[train_item]).sum())
        if best is None or wrong < best[0]:
            best = wrong, sharpness
    assert best is not None
    (whole, single), sharpness = best
    responses = _responses(train, sharpness)
    divided = responses.T @ (truth[train_item][:, None] == np.arange(classes))
    trained = _sums(_evidence(responses, divided), train_item).argmax(axis=1)
    evidence = _evidence(_responses(shown, sharpness), divided)
    left_out = 1 - single / len(train), 1 - whole / len(truth)
    return Population(evidence.argmax(axis=1), _sums(evidence, item).argmax(axis=1), trained, sharpness, left_out)


def _responses(scores: np.ndarray, sharpness: float) -> np.ndarray:
    """Shares of the maps in the response to each stimulus, (stimuli, maps): they add up to 1."""
    share = np.exp(sharpness * (scores - scores.max(axis=1, keepdims=True)))
    return share / share.sum(axis=1, keepdims=True)


def _evidence(responses: np.ndarray, divided: np.ndarray) -> np.ndarray:
    """Logarithm of the share of the response that maps divide to each class, (stimuli, classes)."""
    assigned = divided + _UNSEEN
    return np.log(responses @ (assigned / assigned.sum(axis=1, keepdims=True)))


def _left_out(responses: np.ndarray, item: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """Evidence for each training stimulus from proportions without its recording, (stimuli, classes)."""
    divided = responses.T @ (truth[item][:, None] == np.arange(classes))
    evidence = np.empty((len(responses), classes))
    for own in np.split(np.arange(len(item)), np.flatnonzero(np.diff(item)) + 1):
        without = divided.copy()
        without[:, truth[item[own[0]]]] -= responses[own].sum(axis=0)
        evidence[own] = _evidence(responses[own], np.maximum(without, 0))
    return evidence


def _sums(evidence: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Evidence added up over the stimuli of each picture or recording, (items, classes)."""
    return np.add.reduceat(evidence, np.searchsorted(item, np.arange(item[-1] + 1)), axis=0)
