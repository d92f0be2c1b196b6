# Citewell: every task that a user or a contributor needs. `make` alone lists them.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= .citewell
# The address of a package index that has CPU builds of torch, where the usual one would bring CUDA; see README.md.
TORCH_INDEX ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
export HF_HUB_OFFLINE = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help install run test test-fast lint type check bench bench-quick rivals soak clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: PORT=$(PORT) HOST=$(HOST) DATA=$(DATA) PYTHON=$(PYTHON)"

install: $(INSTALLED) ## make .venv with the pinned packages

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("Python %d.%d found; Citewell needs 3.11 to 3.13. Give another one: make PYTHON=python3.12" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "No virtual environment could be made. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing the packages; the first time takes a minute or two ..."
	@$(BIN)/python -m pip install --quiet torch==2.13.0 --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,export]'
	@touch $@

run: install ## index seeds/ and serve the page
	@$(BIN)/rag ingest seeds --data-dir '$(DATA)'
	@$(BIN)/rag serve --data-dir '$(DATA)' --host '$(HOST)' --port '$(PORT)' --suggestions seeds/questions.jsonl

test: install ## run all tests
	@$(BIN)/python -m pytest

test-fast: install ## run the tests that need neither model nor browser
	@$(BIN)/python -m pytest -m 'not slow'

lint: install ## check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

type: install ## check types
	@$(BIN)/mypy

check: lint type test ## all of the above: what a change must pass

bench: install ## measure speed and size beside others, for more than an hour: make bench SQUAD=FILE TEXT="FILE ..."
	@$(BIN)/python -m tests.bench $(if $(SQUAD),--squad '$(SQUAD)') $(if $(TEXT),--text $(TEXT))

bench-quick: install ## the same, small, in two minutes; changes no table
	@$(BIN)/python -m tests.bench --quick $(if $(SQUAD),--squad '$(SQUAD)')

rivals: install ## make the environments of the programs it is measured beside
	@TORCH_INDEX='$(TORCH_INDEX)' $(BIN)/python -m tests.bench.rivals.environments

soak: install ## kill, fuzz, read and fill it for three quarters of an hour
	@$(BIN)/python -m tests.soak

clean: ## remove the virtual environment and caches, never the data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache build *.egg-info
