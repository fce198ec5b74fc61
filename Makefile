# Each target does its own set-up: Python 3.11+, make and git are all a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.9
ARGS ?=
# Every process of the office and of its tests reads what the first one compiled, whatever the machine's setting is.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test lint types imports migrations check bench soak serve clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing from the lock file ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv sync --quiet --frozen --system-certs --python $(BIN)/python
	@touch $@

demo: $(READY) ## The whole story on this machine, then the desk (ARGS=--exit ends after the story)
	@$(BIN)/comms demo $(ARGS)

test: $(READY) ## Every test, on SQLite and a real PostgreSQL, with a real Redis and Chromium
	@$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

serve: $(READY) ## Run the service (settings from .env)
	@$(BIN)/comms serve $(ARGS)

lint: $(READY) ## Format and lint
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(READY) ## The strict type checker
	@$(BIN)/mypy

imports: $(READY) ## The import contracts
	@$(BIN)/lint-imports

migrations: $(READY) ## Migrations up and down, and that they match the tables
	@$(BIN)/pytest -n 0 tests/db $(ARGS)

check: lint types imports test ## All of CI

bench: $(READY) ## Measure (see docs/performance.md); ARGS names one: make bench ARGS=sending
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(READY) ## Send 2,000 messages through killed workers, an emptied Redis and lossy carriers
	@$(BIN)/python -m benchmarks.soak $(ARGS)

clean: ## Remove what this project wrote: the environment, databases, caches
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
