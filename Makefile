# The one door. `make run` and `make test` do all the set-up they need on a fresh machine.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# unquoted on purpose: `make test T=tests/wire` runs a part
T ?=
WORKERS ?= 2

.PHONY: run test check format compat compat-reference differential fuzz bench clean

run: $(VENV)/.run
	@$(BIN)/pykbroker serve $(ARGS)

test: $(VENV)/.test
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(T) $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The conformance suite. make compat BOOTSTRAP=HOST:PORT asks any broker; without it, a fresh pykbroker.
# CLIENTS=all: also through client libraries of other languages, with the toolchains that the machine has
CLIENTS ?= python
COMPAT = $(BIN)/python -m pytest compat-tests -n $(WORKERS) --dist loadgroup
compat: $(VENV)/.test
	@$(COMPAT) --clients $(CLIENTS) $(if $(BOOTSTRAP),--bootstrap $(BOOTSTRAP)) $(ARGS)

# make compat-reference VERSION=3.9.2 NODES=1: Apache Kafka answers all clients; needs Java 17 and Maven
VERSION ?= 4.3.1
NODES ?= 1
compat-reference: CLIENTS = all
compat-reference: $(VENV)/.test
	@$(COMPAT) --clients $(CLIENTS) --reference $(VERSION) --nodes $(NODES) $(ARGS)

# spoiled frames of every message and version, as long as you like: make fuzz ARGS="--seconds 600"
fuzz: $(VENV)/.test
	@$(BIN)/python -m tests.wire.fuzz $(ARGS)

# the same requests to pykbroker and to Apache Kafka (Java 17, Maven), every difference listed; ARGS="--reference 3.9.2"
differential: $(VENV)/.test
	@$(BIN)/python compat-tests/differential/run.py --corpus $(ARGS)
	@$(BIN)/python compat-tests/differential/run.py --generated 1200 --seed 7 $(ARGS)

bench: $(VENV)/.test
	@$(BIN)/python bench/run.py $(ARGS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pykbroker needs Python 3.11 or newer: make PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.run
