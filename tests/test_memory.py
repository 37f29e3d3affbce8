"""Memory: what cannot fit is refused, and what is freed is kept for what comes next."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from spikeseg.errors import SpikeSegError
from spikeseg.memory import require_memory

FAULTS = """
import resource, numpy as np
from spikeseg.memory import keep_freed_memory
if {kept}:
    keep_freed_memory()
for number in range(20):
    if number == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    some = [np.ones(2**17) for _ in range(40)]
    del some
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(kept: bool) -> int:
    """Pages that a process is given while it makes the same arrays, of 40 MB, again and again."""
    command = [sys.executable, "-c", FAULTS.format(kept=kept)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_process_that_keeps_what_it_frees_is_given_no_new_pages():
    assert faults(kept=True) < 100 < 10_000 < faults(kept=False)


def test_what_no_machine_has_is_refused():
    require_memory(2**20, "little")
    with pytest.raises(SpikeSegError, match=r"all of it takes 1,000,000,000\.0 GB of memory, and this machine has"):
        require_memory(10**18, "all of it")
