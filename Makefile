# `make demo` sets everything up and runs the main job; `make test` sets everything up and passes the tests.

# Python 3.11 if there is one, else the python3 that is there; the versions that were tried with it, where they are known.
PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell command -v $(name))))
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
CONSTRAINTS ?= $(or $(wildcard constraints/python$(VERSION).txt),/dev/null)
VENV ?= .venv
EXTRAS ?= dev
GALLERY ?= 1

SETUP := $(VENV)/.installed
BIN := $(VENV)/bin
GENN := VENV=.venv-genn CONSTRAINTS=constraints/genn.txt EXTRAS=dev,genn

.PHONY: demo test test-genn setup-genn test-newest test-slurm pin benchmark docs lint types layers check clean

demo: $(SETUP)
	$(BIN)/spikeseg demo

test: $(SETUP)
	$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist worksteal $(PYTEST)

# The same tests on Brian2 2.5.4 and NumPy 1.26 (Python 3.11), the versions that brian2genn needs; those of GeNN with GENN_PATH set.
# What does not ask for versions, packaging and files that are damaged, runs with the newest alone.
test-genn:
	$(MAKE) test $(GENN) PYTEST="--ignore=tests/test_wheel.py --ignore=tests/runners/test_damaged_runs.py $(PYTEST)"

# The environment of these tests.
setup-genn:
	$(MAKE) .venv-genn/.installed $(GENN)

# The same tests on the python3 that is there, with the newest versions that were tried on it (docs/devices.md has a table).
test-newest:
	$(MAKE) test PYTHON=python3 VENV=.venv-newest

# A sweep on a real Slurm of two nodes on this machine, outside of CI: Debian, as root (docs/cluster.md).
test-slurm: $(SETUP)
	apt-get install --yes --no-install-recommends slurm-wlm slurmdbd slurm-wlm-mysql-plugin munge mariadb-server
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[slurm]"
	SPIKESEG_SLURM=1 $(BIN)/python -m pytest -s tests/workflow/test_slurm.py

# Renew tests/helpers/pinned.json after a change that is meant to change results; it prints what has changed.
pin: $(SETUP)
	PYTHONPATH=tests $(BIN)/python -m helpers.pinned

# DATA=directory of caltech-101, for real pictures. AGAINST=commit, to compare whole commands with those of that commit instead
# of parts of the program with each other. Without PyTorch its column is left out.
benchmark: $(SETUP)
ifdef AGAINST
	$(BIN)/python -m benchmarks.commands --against $(AGAINST) $(if $(DATA),--data $(DATA))
else
	-$(BIN)/python -m pip install --quiet --editable ".[benchmark]"
	$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA))
endif

# The documentation, docs/build/html/index.html. A warning is an error. Examples are run, but for GALLERY=0.
docs: $(SETUP)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[docs]"
	$(BIN)/python -m sphinx -W --keep-going --quiet -D plot_gallery=$(GALLERY) -d docs/build/doctrees docs docs/build/html

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(SETUP)
	$(BIN)/pyright --pythonpath $(BIN)/python

# Which folder may import which (docs/architecture.md); the folders are one package only where they are installed.
layers: $(SETUP)
	rm -rf build
	$(BIN)/python -m pip install --quiet --no-deps --target build/layers .
	cd build/layers && $(abspath $(BIN))/lint-imports --no-cache $(abspath pyproject.toml)

check: lint types layers docs test test-genn

$(SETUP): pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip "setuptools<81"
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf .venv .venv-genn .venv-newest build dist docs/build docs/gallery *.egg-info
