# Citewell: every task that a user or a contributor needs. `make` alone lists them.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= .citewell
# The address of a package index that has CPU builds of torch, where the usual one would bring CUDA; see docs/installing.md.
TORCH_INDEX ?=
# More for pytest, as in: make test PYTEST_OPTIONS="--durations=20"
PYTEST_OPTIONS ?=

BIN := .venv/bin
SERVING := .venv/.serving
INSTALLED := .venv/.installed
MOTO := .venv/moto/.installed
INSTALL := $(BIN)/python -m pip install --quiet --require-hashes --no-deps
# A worker on every core; the tests of a file stay together, because some share a server or a browser.
LINTERS := tests/js/node_modules/.package-lock.json
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile $(PYTEST_OPTIONS)
export HF_HUB_OFFLINE = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help install browser moto run test test-fast test-browser test-crash test-nightly lint type check-js check docs desk bench bench-quick rivals soak soak-cluster locks sbom wheel bundle bundle-try clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: PORT=$(PORT) HOST=$(HOST) DATA=$(DATA) PYTHON=$(PYTHON)"

install: $(INSTALLED) ## make .venv with the pinned packages, each checked by its hash

# Packages are listed whole, what they need included, so none is looked for; none is built from its source.
$(SERVING): pyproject.toml deploy/locks/serving.txt deploy/locks/sources.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("Python %d.%d found; Citewell needs 3.11 to 3.13. Give another one: make PYTHON=python3.12" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "No virtual environment could be made. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing the packages that serving needs ..."
	@$(INSTALL) --only-binary :all: -r deploy/locks/serving.txt -r deploy/locks/sources.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

# Where pip is told of a folder that has the build of torch without CUDA (PIP_FIND_LINKS), that one is taken.
$(INSTALLED): $(SERVING) deploy/locks/development.txt deploy/locks/torch.txt deploy/locks/torch-cpu.txt deploy/locks/cuda.txt
	@echo "Installing the packages that tests need; the first time takes a minute or two ..."
	@$(INSTALL) --only-binary :all: -r deploy/locks/development.txt
	@$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet --no-deps torch==2.13.0 --index-url $(TORCH_INDEX),$(INSTALL) --no-index -r deploy/locks/torch-cpu.txt 2>/dev/null || $(INSTALL) -r deploy/locks/torch.txt -r deploy/locks/cuda.txt)
	@touch $@

moto: $(MOTO) ## install what stands in for a bucket in the tests, in an environment of its own

$(MOTO): $(INSTALLED) deploy/locks/moto.txt
	@$(BIN)/python -m venv .venv/moto
	@.venv/moto/bin/python -m pip install --quiet --require-hashes --no-deps --only-binary :all: -r deploy/locks/moto.txt
	@touch $@

run: $(SERVING) ## index seeds/ and serve the page
	@$(BIN)/rag ingest seeds --data-dir '$(DATA)'
	@$(BIN)/rag serve --data-dir '$(DATA)' --host '$(HOST)' --port '$(PORT)' --suggestions seeds/questions.jsonl

test: browser ## run all tests; those in a browser only where there is one
	@$(PYTEST)

test-fast: install ## run the tests that need neither model nor browser, and kill nothing
	@$(PYTEST) -m 'not model and not browser and not crash'

test-browser: browser ## run the tests in a browser
	@$(PYTEST) -m browser

test-crash: install ## run the tests that kill processes and cut the power
	@$(PYTEST) -m crash

test-nightly: browser ## run all tests, with ten times as many examples of what always holds
	@$(PYTEST) --hypothesis-profile nightly

browser: install
	@$(BIN)/python -m tests.support.chromium

lint: install ## check style and formatting, and look for weak code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/bandit --quiet --severity-level medium --configfile pyproject.toml --recursive rag web deploy

type: install ## check types
	@$(BIN)/mypy

check-js: $(LINTERS) ## check types and style of the JavaScript; needs Node
	@tests/js/node_modules/.bin/tsc --project tests/js
	@tests/js/node_modules/.bin/eslint --config tests/js/eslint.config.js --max-warnings 0 web/static

$(LINTERS): tests/js/package.json tests/js/package-lock.json
	@command -v npm >/dev/null || { echo "npm was not found; it comes with Node.js. On Debian: apt-get install nodejs npm"; exit 1; }
	@npm ci --prefix tests/js --no-audit --no-fund --loglevel=error

check: lint type check-js test ## all of the above: what a change must pass

docs: install ## write what the program knows into docs/: commands, requests, settings
	@$(BIN)/python -m docs.generate

desk: install ## measure answers on desk collections: make desk DESK="FOLDER ..." REPORT=FILE FIGURES=FILE
	@test -n '$(strip $(DESK))' || { echo 'No collection given: make desk DESK="FOLDER ...", folders with docs/ and questions.jsonl.'; exit 1; }
	@$(BIN)/rag evaluate --desk $(DESK) --data-dir '$(DATA)' $(if $(REPORT),--report '$(REPORT)') $(if $(FIGURES),--figures '$(FIGURES)')

bench: install ## measure speed and size beside others, for more than an hour: make bench SQUAD=FILE TEXT="FILE ..."
	@$(BIN)/python -m tests.bench $(if $(SQUAD),--squad '$(SQUAD)') $(if $(TEXT),--text $(TEXT))

bench-quick: install ## the same, small, in two minutes; changes no table
	@$(BIN)/python -m tests.bench --quick $(if $(SQUAD),--squad '$(SQUAD)')

rivals: install ## make the environments of the programs it is measured beside
	@TORCH_INDEX='$(TORCH_INDEX)' $(BIN)/python -m tests.bench.rivals.environments

soak: install ## kill, fuzz, read and fill it for three quarters of an hour
	@$(BIN)/python -m tests.soak

soak-cluster: install ## kill the primary of a PostgreSQL with a standby twenty times, under three nodes
	@$(BIN)/python -m tests.soak cluster

locks: ## write deploy/locks/ anew, after constraints.txt changed; needs uv
	@$(PYTHON) -m deploy.release.locks

sbom: install ## write what serving stands on into dist/citewell.cdx.json, as CycloneDX
	@$(BIN)/python -m deploy.release.sbom dist/citewell.cdx.json

wheel: install ## write the wheel that installs without torch, with the models inside, into dist/
	@$(BIN)/python -m deploy.release.wheel dist

bundle: install ## write an archive into dist/ to install from where there is no network, for this kind of machine
	@$(BIN)/python -m deploy.release.bundle dist

bundle-try: bundle ## install that archive in a network namespace without a network, and ask
	@$(BIN)/python -m deploy.release.try_bundle "$$(ls -t dist/citewell-*.tar | head -1)"

clean: ## remove the virtual environment, what was built and caches, never the data
	rm -rf .venv dist tests/js/node_modules .pytest_cache .mypy_cache .ruff_cache build *.egg-info
