"""The Python API: what `spikeseg` itself offers, and what importing it costs."""

import ast
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

import spikeseg


def declared():
    """Module and attribute of every name that a type checker sees, read from the source."""
    tree = ast.parse(Path(spikeseg.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    return {name.asname or name.name: (line.module, name.name) for line in block.body for name in line.names}


def test_what_is_imported_is_what_a_type_checker_sees():
    names = declared()
    assert {*names, "SpikeSegError", "__version__"} == set(spikeseg.__all__)
    for name, (module, attribute) in names.items():
        assert getattr(spikeseg, name) is getattr(import_module(f"spikeseg.{module}"), attribute), name


def test_every_name_is_explained():
    lines = [line[:20] for line in spikeseg.__doc__.splitlines() if line.startswith("`")]
    explained = {name for line in lines for name in line.split("`")[1::2]}
    assert explained == set(declared())


def test_the_api_can_be_listed():
    assert set(spikeseg.__all__) <= set(dir(spikeseg))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"spikeseg.*has no attribute 'abacus'"):
        spikeseg.abacus  # noqa: B018


def test_libraries_are_imported_where_something_needs_them():
    names = sorted(set(spikeseg.__all__) - {"ConvSynapses"})
    program = "import sys, spikeseg; early = {'brian2', 'numpy'} & {*sys.modules}; "
    program += f"[getattr(spikeseg, name) for name in {names}]; "
    program += "sys.exit(str(early | {'brian2', 'scipy'} & {*sys.modules} or ''))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stderr.strip() == ""


@pytest.mark.parametrize("name", ["train", "encode", "evaluate", "count_objects", "open_segmenter", "open_stream"])
def test_the_device_is_the_same_unless_another_one_is_given(name):
    assert signature(getattr(spikeseg, name)).parameters["device"].default == "cpp_standalone"
