"""What keeps a device from working is found, and told with what to do."""

from importlib.metadata import PackageNotFoundError

import pytest

from helpers.designs import Unbuildable
from spikeseg.errors import SpikeSegError
from spikeseg.runners.simulation import doctor
from spikeseg.runners.simulation.devices import DEVICES
from spikeseg.runners.simulation.simulator import open_simulator

GOOD = {"brian2": "2.5.4", "numpy": "1.26.4", "brian2genn": "1.7.0"}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """One on which every device works: a function that says what is different on another."""

    def change(packages=(), genn="4.9.0\n", cuda="#define CUDA_VERSION 12040\n", commands=("g++", "make"), gpus=1):
        installed = GOOD | dict(packages)
        for name, path, content in (("GENN", "version.txt", genn), ("CUDA", "include/cuda.h", cuda)):
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(content)
            monkeypatch.setenv(f"{name}_PATH", str(tmp_path / name))

        def version(package):
            if installed[package] is None:
                raise PackageNotFoundError(package)
            return installed[package]

        monkeypatch.setattr(doctor, "version", version)
        monkeypatch.setattr(doctor.shutil, "which", lambda command: command if command in commands else None)
        monkeypatch.setattr(doctor, "find_spec", lambda name: name)
        monkeypatch.setattr(doctor, "_gpus", lambda: gpus)
        monkeypatch.delenv("CXX", raising=False)

    change()
    return change


def told(device):
    """The one line that a user is told who asks for the device."""
    with pytest.raises(SpikeSegError) as error, open_simulator(Unbuildable(), device):
        pass
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_device_works_on_a_machine_that_has_everything(machine):
    assert {device: doctor.problems(device) for device in DEVICES} == {device: [] for device in DEVICES}


def test_numpy_needs_nothing(machine):
    machine(dict.fromkeys(GOOD), None, None, (), 0)
    assert [device for device in DEVICES if not doctor.problems(device)] == ["numpy"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"packages": {"brian2genn": None}}, "needs brian2genn, and it is not installed: pip install 'spikeseg[genn]'"),
        ({"packages": {"brian2": "2.9.0"}}, "needs Brian2 2.5, and 2.9.0 is installed"),
        ({"packages": {"brian2": "2.10.1"}}, "needs Brian2 2.5, and 2.10.1 is installed"),
        ({"packages": {"numpy": "2.3.5"}}, "needs NumPy below 2, and 2.3.5 is installed"),
        ({"genn": None}, "is not GeNN's directory: it has no version.txt"),
        ({"genn": "5.1.0\n"}, "has GeNN 5.1.0: brian2genn cannot use it"),
        ({"genn": "4.2.0\n"}, "has GeNN 4.2.0: brian2genn cannot use it"),
        ({"commands": ("make",)}, "needs a C++ compiler, and g++ is missing"),
        ({"commands": ("g++",)}, "needs a C++ compiler, and make is missing"),
    ],
    ids=str,
)
def test_each_thing_that_genn_lacks_is_told_alone(machine, change, found):
    machine(**change)
    for device in ("genn", "genn-cpu"):
        (problem,) = doctor.problems(device)
        assert found in problem
        assert told(device) == f"device {device} {problem}"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"cuda": None}, "is not CUDA's directory: it has no include/cuda.h"),
        ({"cuda": "#define CUDA_VERSION 13000\n"}, "needs CUDA 12 or older, and CUDA_PATH"),
        ({"gpus": 0}, "needs a GPU, and the driver knows none"),
    ],
    ids=str,
)
def test_what_a_gpu_lacks_is_told_with_the_way_without(machine, change, found):
    machine(**change)
    (problem,) = doctor.problems("genn")
    assert found in problem
    assert problem.endswith("or use --device genn-cpu")
    assert doctor.problems("genn-cpu") == []


@pytest.mark.parametrize("variable", ["GENN_PATH", "CUDA_PATH"])
def test_a_path_that_is_not_set_is_named(machine, monkeypatch, variable):
    monkeypatch.delenv(variable)
    assert f"{variable} is not set" in told("genn")


def test_old_setuptools_are_needed(machine, monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert "pip install 'setuptools<81'" in told("genn-cpu")


def test_all_that_is_missing_is_told_at_once(machine):
    machine({"numpy": "2.3.5"}, "5.1.0", commands=())
    assert told("genn-cpu").count("; it needs ") == 3


def test_a_machine_without_a_driver_has_no_gpus(monkeypatch):
    monkeypatch.setattr(doctor, "GPU_DRIVER", "no-such-driver.so")
    assert doctor._gpus() == 0


def test_the_command_says_which_devices_work_and_why_the_others_do_not(machine, monkeypatch, spikeseg):
    machine({"numpy": "2.3.5"}, gpus=0)
    monkeypatch.setenv("COLUMNS", "200")
    lines = spikeseg("doctor").out.splitlines()
    rows = {line.split("│")[1].strip(): line for line in lines if line.startswith("│")}
    works = {device: rows[device].split("│")[2].strip() for device in DEVICES}
    assert works == {"cpp_standalone": "yes", "cython": "yes", "numpy": "yes", "genn": "no", "genn-cpu": "no"}
    assert "2.3.5 is installed" in rows["genn-cpu"]
