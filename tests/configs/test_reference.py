"""The reference of keys says what the schema accepts: every key, its limits and its default."""

from __future__ import annotations

import operator
import re
from functools import cache

import pytest

from spikeseg.configs import load, validate
from spikeseg.configs.changes import changed, parsed
from spikeseg.configs.inputs import Augmentation
from spikeseg.configs.reference import Key, all_keys
from spikeseg.errors import SpikeSegError

COMPARED = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
PROBES = (-2, -1, -0.6, -0.5, 0, 1e-4, 0.5, 0.99, 1, 1.01, 2, 3, 4, 5)

every_key = pytest.mark.parametrize("row", all_keys(), ids=lambda row: row.key)


@cache
def whole(row: Key) -> dict:
    """The content of a configuration that has the key."""
    recordings = row.key.startswith(("input.buffer.", "input.augmentation."))
    content = load("n-caltech-sim" if recordings else "dog-caltech").model_dump(mode="json")
    if recordings:
        content["input"] |= {"polarity": "split", "augmentation": Augmentation().model_dump(mode="json")}
    return content


def leaves(table: dict, prefix: str = "") -> set[str]:
    return {
        key
        for name, value in table.items()
        for key in (leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name})
    }


def complaint(row: Key, value: object) -> str:
    """What is told of that key when it has that value; nothing of what does not go with it elsewhere."""
    try:
        validate(changed(whole(row), {row.key: value}, "test"), "test")
    except SpikeSegError as error:
        if re.search(rf"(: |; ){re.escape(row.key)}(\.\d)?: ", str(error)):
            return str(error)
    return ""


def test_it_has_every_key_once():
    found = [row.key for row in all_keys()]
    pictures, recordings = (leaves(load(name).model_dump(mode="json")) for name in ("dog-caltech", "n-caltech-sim"))
    tables = {"input.dog", "input.buffer", "input.augmentation"}
    augmentation = {f"input.augmentation.{name}" for name in Augmentation.model_fields}
    assert sorted(found) == sorted((pictures | recordings | augmentation) - tables)


@every_key
def test_every_key_is_explained(row):
    assert len(row.meaning.split()) > 1
    assert row.type
    assert row.default


@pytest.mark.parametrize(
    "row", [row for row in all_keys() if "number" in row.type and "table" not in row.type], ids=lambda row: row.key
)
def test_numbers_have_the_limits_that_it_says(row):
    limits = [limit.split() for limit in row.allowed.split(", ") if limit and limit != "odd"]
    for value in PROBES:
        if "whole" in row.type and not isinstance(value, int):
            continue
        allowed = all(COMPARED[sign](value, float(number)) for sign, number in limits)
        allowed &= "odd" not in row.allowed or value % 2 == 1
        assert bool(complaint(row, value)) != allowed, value


@pytest.mark.parametrize("row", [row for row in all_keys() if row.allowed.startswith('"')], ids=lambda row: row.key)
def test_texts_have_the_choices_that_it_says(row):
    choices = [parsed(f"key={choice}")[1] for choice in row.allowed.split(", ")]
    assert not any(complaint(row, choice) for choice in choices)
    assert complaint(row, "another")


@every_key
def test_what_is_left_out_has_the_default_that_it_says(row):
    *path, last = row.key.split(".")
    other = {"input.buffer.events": 100} if row.key == "input.buffer.duration_ms" else {}  # one of them must be there
    content = changed(whole(row), other, "test")
    table = content
    for name in path:
        table = table[name]
    del table[last]
    if row.default == "required":
        with pytest.raises(SpikeSegError, match=re.escape(f"{row.key}: Field required")):
            validate(content, "test")
    else:
        value = validate(content, "test").model_dump(mode="json")
        for name in (*path, last):
            value = value[name]
        assert value == (None if row.default == "absent" else parsed(f"key={row.default}")[1])
