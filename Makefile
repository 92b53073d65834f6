# Everything that Candour can be told to do. Each target sets up what it needs first.
PYTHON ?= python3
PORT ?= 5000
export PORT
# A shell's own environment must not reach into ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX NODE_ENV

BIN := .venv/bin
LOCKS := bootstrap node postgresql runtime dev
# A machine without npm gets one from a wheel.
NPM_PROVIDER := $(if $(shell command -v npm),,.venv/nodejs/.installed)
WITH_NODE := PATH="$$PATH:$(CURDIR)/.venv/nodejs/bin"
# `make run` leaves an environment for development as it is.
ENVIRONMENT := $(if $(wildcard .venv/.dev),.venv/.dev,.venv/.runtime)
ASSETS := app/static/built/manifest.json
READ_FOR_SECRETS := .ci app docs migrations requirements templates tests Makefile app.py pyproject.toml
# These guess by the look of a word: they take the hashes of a lock and the passwords of tests for secrets.
TOO_GUESSY := --disable-plugin KeywordDetector --disable-plugin Base64HighEntropyString \
    --disable-plugin HexHighEntropyString

.DEFAULT_GOAL := help
.PHONY: help setup run lint format test bench soak lock programs

help: ## What can be done here
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

setup: .venv/.dev $(ASSETS) programs ## Make .venv, build the assets, find PostgreSQL and Chromium for the tests

run: $(ENVIRONMENT) $(ASSETS) ## Serve a demonstration (elsewhere: make run PORT=5050)
	@exec $(BIN)/python app.py

lint: .venv/.dev ## Formatting, lint, types, contracts between layers, templates, secrets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint templates --lint --quiet
	find $(READ_FOR_SECRETS) -type f -not -path '*/__pycache__/*' -not -path app/static/built/'*' -print0 \
	    | xargs -0 $(BIN)/detect-secrets-hook --no-verify $(TOO_GUESSY)

format: .venv/.dev ## Rewrite the code in the house's format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

test: setup lint ## Lint, then every test on SQLite and PostgreSQL and in Chromium
	$(BIN)/pytest -n 2 --dist worksteal --durations 10

bench: setup ## Measure, print a table, write instance/bench.json
	$(BIN)/python -m tests.bench

soak: setup ## The large sizes of the tests, and properties tried thousands of times
	$(BIN)/pytest -m '' --hypothesis-profile soak --durations 10 tests/soak tests/unit

lock: .venv/.tools ## Lock requirements/*.in afresh, with hashes and without addresses
	for name in $(LOCKS); do \
	    $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header \
	        --python-version 3.11 --output-file requirements/$$name.txt requirements/$$name.in; \
	done

# ---- what the targets above stand on: each step leaves a stamp and is done once

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Candour needs Python 3.11 or later: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
	    || { rm -rf .venv; echo "$(PYTHON) lacks its venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }

# Without uv everything still installs, more slowly, by pip.
.venv/.tools: requirements/bootstrap.txt | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
	    || echo "uv cannot be had: pip installs instead" >&2
	@touch $@

.venv/.runtime: requirements/runtime.txt .venv/.tools
	@echo "Installing what Candour runs on"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $< \
	    || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.tools
	@echo "Installing what Candour is built and tested with"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes $< \
	    || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/nodejs/.installed: requirements/node.txt | .venv/bin/python
	@echo "Installing Node.js and npm"
	@$(PYTHON) -m venv .venv/nodejs
	@.venv/nodejs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

node_modules/.installed: package.json package-lock.json .npmrc | $(NPM_PROVIDER)
	@echo "Installing the parts of the pages"
	@$(WITH_NODE) npm ci --loglevel error --include=dev
	@touch $@

$(ASSETS): node_modules/.installed app/static/build.mjs app/static/favicon.svg $(wildcard app/static/src/*)
	@echo "Building the assets"
	@$(WITH_NODE) node app/static/build.mjs

programs: .venv/.dev
	@$(BIN)/python -m tests.infrastructure.programs
