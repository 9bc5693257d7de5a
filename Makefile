# Four words: demo, test, check, bench. Each does its own set-up on a machine with Python 3.11
# and make. Another interpreter: make demo PYTHON=python3.12
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
RUN_INSTALLED := $(VENV)/.installed
DEV_INSTALLED := $(VENV)/.installed-dev
BENCH_INSTALLED := $(VENV)/.installed-bench

# make demo DURATION=30 stops by itself; FAST=1 lets the station's clock run faster still.
DURATION ?=
FAST ?=
DEMO_OPTIONS := $(if $(DURATION),--duration $(DURATION)) $(if $(FAST),--fast)

# make test WORKERS=0 runs one test after the other, TESTS=tests/gateway only some.
WORKERS ?= 2
TESTS ?=

.PHONY: demo test check bench format services clean
.DEFAULT_GOAL := demo

demo: $(RUN_INSTALLED)
	@$(BIN)/packtrail demo $(DEMO_OPTIONS)

test: $(DEV_INSTALLED) services
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

check: $(DEV_INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BENCH_INSTALLED) services
	@$(PIP) install -c constraints.txt -e '.[dev,bench]'
	$(BIN)/python -m benchmarks

format: $(DEV_INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Real parts that the tests start, from Debian's packages where that is possible.
services:
	@packaging/install-services.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -U pip

$(RUN_INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[bridge,fleet]'
	@touch $@

$(DEV_INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(RUN_INSTALLED)

# Peers that only a benchmark needs.
$(BENCH_INSTALLED): $(DEV_INSTALLED)
	$(PIP) install -c constraints.txt -e '.[dev,bench]'
	@touch $@
