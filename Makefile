# `make run` and `make test` are all a newcomer needs; both set up what is missing first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(VENV) UV_LINK_MODE=copy $(BIN)/uv pip
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
export RUNTIME__DLTHUB_TELEMETRY = false

.PHONY: help setup run ui test lint check format lock docs clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(VENV)/.installed ## create .venv and install what requirements.lock names

$(VENV)/.installed: requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else "Ringtrail needs Python 3.11, found %d.%d: install it or pass PYTHON=/path/to/python3.11" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-uv.lock
	$(UV) sync --quiet --require-hashes requirements.lock
	$(UV) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

run: setup ## make up an agency when data/landing is empty, then run the main job
	@if [ -z "$(RINGTRAIL_LANDING_DIR)" ] && [ -z "$$(ls -A data/landing 2>/dev/null)" ]; then \
		$(BIN)/ringtrail simulate --out data/landing; fi
	$(BIN)/ringtrail run

ui: setup ## the Dagster UI on http://127.0.0.1:3000
	$(BIN)/ringtrail ui

test: setup ## every test
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

# dbt's templater opens a warehouse to render the SQL; lint has its own, so that it never waits for
# a run and never touches yours.
lint: export RINGTRAIL_WAREHOUSE = $(CURDIR)/target/lint.duckdb
lint: setup ## what CI checks before the tests
	@mkdir -p target
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/dbt parse --quiet
	$(BIN)/sqlfluff lint --processes 2 dbt_project
	$(BIN)/dagster definitions validate

check: lint test ## lint and tests

format: setup ## put Python and SQL into their form
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project

lock: setup ## resolve pyproject.toml anew into requirements.lock (hashes, no hosts)
	$(UV) compile --quiet --upgrade --generate-hashes --no-header --no-annotate --extra dev pyproject.toml --output-file requirements.lock

docs: setup ## dbt's documentation of every model and column, in target/
	$(BIN)/dbt docs generate

clean: ## remove the environment and build output; data/ stays
	rm -rf $(VENV) target logs
