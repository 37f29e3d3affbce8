"""The table of a configuration's keys is the schema's."""

from pydantic import BaseModel

from spikeseg.configs import load, shipped
from spikeseg.configs.reference import TABLE, keys
from spikeseg.configs.schema import Config


def flat(content, at=""):
    """Full names of everything in a nested dictionary."""
    for name, value in content.items():
        yield f"{at}{name}"
        if isinstance(value, dict):
            yield from flat(value, f"{at}{name}.")


def test_every_key_of_every_shipped_configuration_has_a_row():
    rows = {row.key for row in keys()}
    for name in shipped():
        assert set(flat(load(name).model_dump())) <= rows


def test_every_row_says_what_it_means():
    assert not [row.key for row in keys() if not row.meaning]


def test_bounds_choices_and_defaults_are_those_of_the_schema():
    rows = {row.key: row for row in keys()}
    assert rows["input.threshold_variation"][1:4] == ("number", "0.05", ">= 0, < 1")
    assert rows["decoder.mode"][1:4] == ("text", '"end"', '"causal", "exact", "end"')
    assert rows["conv3.kernel"][1:4] == ("list of 2 integers", "required", "> 0")
    assert rows["conv2.padding"].default == "[0, 0]"
    assert rows["data.test"].default == rows["input.dog"].default == "absent"


def test_a_table_comes_just_before_its_keys():
    table = ""
    for row in keys():
        table = row.key if row.type == TABLE else table
        assert row.key.rpartition(".")[0] == table or row.type == TABLE


def test_another_schema_has_rows_of_its_own():
    class Small(BaseModel):
        """Two keys."""

        count: int = 1

    assert [row.key for row in keys(Small)] == ["count"]
    assert len(keys(Config)) > 70
