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


@pytest.mark.parametrize("name", ["load_config", "open_dataset", "read_picture", "load_network", "load_recording"])
def test_what_does_not_simulate_does_not_import_brian2(name):
    program = f"import sys, spikeseg; light = not {{'brian2', 'numpy'}} & {{*sys.modules}}; spikeseg.{name}; "
    program += "sys.exit(0 if light and 'brian2' not in sys.modules else 1)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_nothing_but_conv_synapses_imports_libraries_before_it_needs_them():
    names = sorted(set(spikeseg.__all__) - {"ConvSynapses"})
    program = f"import sys, spikeseg; [getattr(spikeseg, name) for name in {names}]; "
    program += "sys.exit(str({'brian2', 'scipy'} & {*sys.modules} or ''))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stderr.strip() == ""


@pytest.mark.parametrize("name", ["train", "encode", "evaluate", "count_objects", "open_segmenter", "open_stream"])
def test_the_device_is_the_same_unless_another_one_is_given(name):
    assert signature(getattr(spikeseg, name)).parameters["device"].default == "cpp_standalone"
