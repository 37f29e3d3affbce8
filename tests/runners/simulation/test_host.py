"""Within another program, a simulation gives what it gives alone, and leaves all that is the other program's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2.codegen.runtime.cython_rt import CythonCodeObject
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject

from helpers import designs
from helpers.designs import INPUTS, Deadly, Inputs, Preferences
from helpers.networks import ENCODERS, assert_same_spikes, judged, random_network, random_stimuli, shapes_of, to_spikes
from spikeseg import equations, models
from spikeseg.configs import language, neurons, plasticity
from spikeseg.errors import SpikeSegError
from spikeseg.models.designs import EncoderDesign
from spikeseg.models.targets import PROCEDURAL
from spikeseg.runners.inference.encoding import CAPACITY, open_encoder
from spikeseg.runners.simulation.cpp_standalone import CppStandalone
from spikeseg.runners.simulation.processes import end_idle
from spikeseg.runners.simulation.program import _digest
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Spikes

OTHER = ["start", "synapses", "groups", "thresholds", "resets", "end"]  # as brian2genn leaves it behind
CONFIG = ENCODERS["overlapping pools"]

DEVICES = [
    "numpy",
    pytest.param("cython", marks=pytest.mark.compiled),
    pytest.param("cpp_standalone", marks=pytest.mark.compiled),
]

SIMULATE = """
import sys
import numpy as np
from helpers.designs import INPUTS, Inputs
from spikeseg.runners.simulation.simulator import open_simulator
from spikeseg.spikes import Spikes

def simulate(device):
    shown = Spikes.collect(INPUTS, 3, [0, 2, 2], [1, 0, 0], [2, 0, 1])
    with open_simulator(Inputs(), device) as simulator:
        for _ in range(3):
            found = simulator.run(shown, {}).spikes["input"]
            assert np.array_equal(found.neuron, shown.neuron) and np.array_equal(found.step, shown.step)
"""

HOST = """
import logging, os, signal, tempfile, warnings
from brian2 import *
set_device("cpp_standalone", build_on_run=False)
prefs.core.default_float_dtype = np.float32
prefs.core.network.default_schedule = ["start", "synapses", "groups", "thresholds", "resets", "end"]
prefs.codegen.loop_invariant_optimisations = False
logging.getLogger("brian2").setLevel(logging.WARNING)
group = NeuronGroup(3, "dv/dt = (2 - v) / (10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
monitor = SpikeMonitor(group)
run(50 * ms)
warnings.simplefilter("error")

def state():
    umask = os.umask(0)
    os.umask(umask)
    return {
        "preferences": {name: repr(prefs[name]) for name in prefs},
        "handlers": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "levels": {name: logging.getLogger(name).level for name in ("", "brian2", "spikeseg")},
        "device": get_device(), "umask": umask, "filters": list(warnings.filters), "hook": sys.excepthook,
        "environment": dict(os.environ), "directory": os.getcwd(), "temporary": tempfile.gettempdir(),
    }

before = state()
simulate(sys.argv[1])
after = state()
assert before == after, [name for name in before if before[name] != after[name]]
if sys.argv[2:]:
    warnings.resetwarnings()
    device.build(directory=tempfile.mkdtemp(dir="."), compile=True, run=True)
    assert monitor.num_spikes == 21, monitor.num_spikes
"""

IN_A_THREAD = """
import signal, threading
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
failed = []

def work():
    try:
        simulate(sys.argv[1])
    except BaseException as error:
        failed.append(error)

thread = threading.Thread(target=work, daemon=True)
thread.start()
thread.join()
assert not failed, failed
assert "brian2" not in sys.modules
"""

FORKED = """
import os
simulate("numpy")
child = os.fork()
if not child:
    simulate("numpy")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
simulate("numpy")
"""

WORKING = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits that Ctrl-C is ignored
from spikeseg.runners.simulation.processes import working
with working() as worker:
    worker.ask("open", Inputs(), "numpy")
    print(worker._process.pid, flush=True)
    time.sleep(1000)
"""


STANDARD = """
from brian2 import prefs
from spikeseg.runners.simulation.worker import configure

def standards():
    return [flag for flag in prefs.codegen.cpp.extra_compile_args_gcc if flag.startswith("-std=")]

own = standards()
configure()
assert own and standards() == own, (own, standards())
assert "-ffp-contract=off" in prefs.codegen.cpp.extra_compile_args_gcc
"""


def python(code: str, *arguments: str, **options) -> subprocess.Popen:
    """A program that has `simulate`."""
    environment = os.environ | {"PYTHONPATH": str(Path(designs.__file__).parents[1])}
    command = [sys.executable, "-c", SIMULATE + code, *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def assert_succeeds(process: subprocess.Popen) -> None:
    _, told = process.communicate()
    assert process.returncode == 0, told


def shown() -> tuple:
    """A network, stimuli for it, and what fires."""
    network = random_network(CONFIG, 1, "whole")
    stimuli = random_stimuli(shapes_of(CONFIG)["input"], 4, CONFIG.input.steps, 1)
    return network, to_spikes(stimuli), judged(network, stimuli)


@pytest.mark.parametrize("device", DEVICES)
def test_whatever_another_program_has_set_stays_and_its_pending_model_runs(device, tmp_path):
    assert_succeeds(python(HOST, device, *(["build"] if device == "cpp_standalone" else []), cwd=tmp_path))


@pytest.mark.parametrize("device", DEVICES)
def test_the_first_simulation_of_a_process_may_be_in_a_thread(device):
    assert_succeeds(python(IN_A_THREAD, device))


def test_a_fork_of_a_process_that_has_simulated_simulates_too():
    assert_succeeds(python(FORKED))


def test_a_working_directory_may_be_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    assert_succeeds(python("import os; os.rmdir(os.getcwd()); simulate('numpy')", cwd=gone))


def test_programs_are_of_the_standard_of_cpp_that_brian_itself_uses():
    assert_succeeds(python(STANDARD))


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """Preferences of Brian2's in the working directory, in the user's files and in this process."""
    (tmp_path / ".brian").mkdir()
    content = f"core.network.default_schedule = {OTHER}\ncore.default_float_dtype = float32\n"
    for path in (tmp_path / "brian_preferences", tmp_path / ".brian" / "user_preferences"):
        path.write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = brian2.prefs.core.network.default_schedule
    brian2.prefs.core.network.default_schedule = OTHER
    end_idle()  # it was started without them
    yield
    end_idle()
    brian2.prefs.core.network.default_schedule = before


@pytest.mark.usefixtures("foreign")
class TestForeignPreferences:
    def test_they_do_not_change_what_fires(self):
        network, spikes, expected = shown()
        with open_encoder(CONFIG, CONFIG.input.size, "numpy") as encoder:
            for layer, found in encoder.encode(network, spikes).items():
                assert_same_spikes(found, to_spikes(expected[layer]))

    def test_a_model_is_built_with_brians_own(self):
        own = {"core.network.default_schedule": repr(["start", "groups", "thresholds", "synapses", "resets", "end"])}
        own |= {"core.default_float_dtype": repr(np.float64), "codegen.loop_invariant_optimisations": "False"}
        with open_simulator(Preferences(own), "numpy") as simulator:
            found = simulator.run(Spikes.collect(INPUTS, 1, [0], [0], [2]), {})
        assert len(found.spikes["input"]) == 1

    def test_a_network_states_its_schedule(self):
        assert Inputs().build().network.schedule == ["start", "groups", "thresholds", "synapses", "resets", "end"]


class TestPrograms:
    """A program is named by all that it depends on."""

    def name(self, **changes) -> str:
        design = EncoderDesign.of(CONFIG, CONFIG.input.size, CAPACITY)
        return _digest(type(design)(**(vars(design) | changes)), CppStandalone())

    def test_another_design_is_another_program(self):
        changes = {"input_steps": 3, "total_steps": 11, "dt": 0.002, "capacity": 49, "poolings": {}}
        names = {self.name(), *(self.name(**{key: value}) for key, value in changes.items())}
        assert len(names) == 1 + len(changes)

    def test_another_compiler_or_version_is_another_program(self, tmp_path, monkeypatch):
        names = {self.name()}
        for version in ("1.0", "1.1"):
            (tmp_path / "compiler").write_text(f"#!/bin/sh\necho {version}\n")
            (tmp_path / "compiler").chmod(0o755)
            for command in ("compiler", "compiler -O1"):
                monkeypatch.setenv("CXX", str(tmp_path / command))
                names.add(self.name())
        assert len(names) == 5

    @pytest.mark.parametrize("package", [equations, models, language, neurons, plasticity])
    def test_another_source_is_another_program(self, tmp_path, monkeypatch, package):
        before, copy = self.name(), shutil.copytree(package.__path__[0], tmp_path / "copy")
        monkeypatch.setattr(package, "__path__", [str(copy)])
        assert self.name() == before
        (copy / "new.py").touch()
        assert self.name() != before

    def test_seeds_and_thresholds_are_not_in_it(self):
        other = CONFIG.model_copy(update={"seed": 7, "conv1": CONFIG.conv1.model_copy(update={"threshold": 9})})
        assert _digest(EncoderDesign.of(other, CONFIG.input.size, CAPACITY), CppStandalone()) == self.name()


class TestProcesses:
    def test_one_that_is_killed_is_told_and_the_next_simulation_works(self):
        for number, told in ((signal.SIGKILL, "out of memory"), (signal.SIGSEGV, "please report it")):
            with (
                pytest.raises(SpikeSegError, match=f"simulation failed: ended by {number.name}: {told}"),
                open_simulator(Deadly(number), "numpy"),
            ):
                pass
        with open_simulator(Inputs(), "numpy") as simulator:
            assert len(simulator.run(Spikes.collect(INPUTS, 1, [0], [0], [2]), {}).spikes["input"]) == 1

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_none_is_left_when_the_program_is_gone(self, how):
        host = python(WORKING)
        assert host.stdout
        pid = int(host.stdout.readline())
        assert running(pid)
        host.send_signal(how)
        host.communicate()
        while running(pid):
            time.sleep(0.01)

    def test_two_simulators_may_be_open_at_once(self):
        spikes = Spikes.collect(INPUTS, 2, [0, 1], [0, 1], [2, 1])
        with open_simulator(Inputs("one"), "numpy") as one, open_simulator(Inputs("other"), "numpy") as other:
            for simulator in (one, other, one):
                assert_same_spikes(simulator.run(spikes, {}).spikes["input"], spikes)


def running(pid: int) -> bool:
    """Whether a process is there and has not ended, even if nobody has asked for its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_brians_classes_stay_as_they_are():
    """Templates of our own belong to classes of our own."""
    for target in (CythonCodeObject, CPPStandaloneCodeObject):
        assert PROCEDURAL[target].templater is not target.templater
        assert "spikeseg.models" not in target.templater.package_names
