"""Work in several processes gives what it gives in one, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from spikeseg.errors import SpikeSegError
from spikeseg.runners.evaluation.parallel import in_processes

PARENT = """
import os, time
from spikeseg.runners.evaluation.parallel import in_processes
found = in_processes(lambda task: (os.write(1, b"%d\\n" % os.getpid()), time.sleep(0.1))[1], range(10**6), 2)
for _ in found:
    pass
"""


def gone(process: int) -> bool:
    """Whether a process has ended, also where nobody has asked how."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(jobs):
    def work(task):
        time.sleep(0.01 * (task % 3))
        return 2 * task, os.getpid()

    found = list(in_processes(work, range(20), jobs))
    assert [result for result, _ in found] == [2 * task for task in range(20)]
    processes = {process for _, process in found}
    assert len(processes) == jobs
    assert jobs == 1 or all(map(gone, processes))


def test_tasks_are_taken_only_when_they_are_needed():
    taken = []
    found = in_processes(abs, (taken.append(task) or task for task in range(100)), 2)
    next(found)
    assert len(taken) < 10
    found.close()


def test_what_goes_wrong_is_raised_here():
    def work(task):
        raise SpikeSegError(f"picture {task} is damaged")

    with pytest.raises(SpikeSegError, match="picture 0 is damaged"):
        list(in_processes(work, range(4), 2))


def test_a_process_that_is_killed_is_told_of():
    with pytest.raises(SpikeSegError, match="a process of --jobs was killed"):
        list(in_processes(lambda task: os.kill(os.getpid(), signal.SIGKILL), range(4), 2))


def test_no_process_outlives_the_one_that_asked():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        copies = {int(parent.stdout.readline()) for _ in range(8)}
        parent.kill()
        assert len(copies) == 2
        while not all(map(gone, copies)):  # nobody knows how long a busy machine takes
            time.sleep(0.05)


@pytest.mark.compiled
@pytest.mark.parametrize("absent", [(), ("--absent", "desks")])
def test_an_evaluation_in_two_processes_is_that_in_one(spikeseg, trained, tmp_path, absent):
    for jobs in ("1", "2"):
        told = spikeseg("evaluate", trained, "--jobs", jobs, "--out", tmp_path / jobs, *absent)
        assert told.code == 0, told
    one, two = (json.loads((tmp_path / jobs / "metrics.json").read_text()) for jobs in ("1", "2"))
    assert one.pop("evaluation").keys() == two.pop("evaluation").keys()
    assert one == two
    assert (tmp_path / "1" / "outcomes.csv").read_text() == (tmp_path / "2" / "outcomes.csv").read_text()
