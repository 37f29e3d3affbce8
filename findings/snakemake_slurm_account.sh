#!/usr/bin/env bash
# What: snakemake-executor-plugin-slurm 2.8.0 never finds the account of one's last job: it hands `| tail -1` to sacct
# as arguments instead of to a shell, and sacct refuses "-1". In 1.4.0 the same function found the account and returned
# nothing. Both go on without an account, and say only that none could be guessed.
# Why it matters: where a cluster demands an account, sbatch refuses the job though the message before it promised a
# guess; where it does not, the hours are booked on the default account.
# Versions: snakemake-executor-plugin-slurm 2.8.0, numpy 2.4.6; seen with the sacct of Slurm 22.05 too.
# Source of the guess: the docstring, "tries to deduce the account from recent jobs". The sacct below takes the place of
# Slurm's: it answers what Slurm's prints, and like Slurm's knows no option -1.
. "$(dirname "$0")/observe.sh"
observe snakemake==9.15.0 snakemake-executor-plugin-slurm==2.8.0 numpy==2.4.6 <<'PY'
import logging
import os
from pathlib import Path

from observe import check
from snakemake_executor_plugin_slurm.accounts import get_account

Path("bin").mkdir()
sacct = Path("bin/sacct")
refusal = 'case "$*" in *" -1"*) echo "invalid option -1" >&2; exit 1;; esac'
sacct.write_text(f'#!/bin/sh\necho "$@" > asked\n{refusal}\necho lab\n')
sacct.chmod(0o755)
os.environ["PATH"] = f"{Path('bin').resolve()}:{os.environ['PATH']}"
os.environ["USER"] = os.environ["LOGNAME"] = "ada"

check("the account of the last job", guess="lab", seen=get_account(logging.getLogger("plugin")), recorded=None)
asked = Path("asked").read_text().strip()
check("sacct was asked", guess="-nu ada -o Account%256", seen=asked, recorded="-nu ada -o Account%256 | tail -1")
PY
