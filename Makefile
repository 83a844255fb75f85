# All that is needed is python3 (3.11 or newer), venv and make.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := manage.py dashboard integrations_app tests
export PYTHONDONTWRITEBYTECODE := # what Python has compiled once is kept: tests start many processes

.PHONY: help run test quick lint fmt bench pictures lock wheels sbom licences
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: .venv/run.stamp ## the desk, at http://127.0.0.1:8000 (PORT changes it)
	@if ! { env; cat .env 2>/dev/null; } | grep -qE '^STIGG_([A-Z0-9_]+_)?(API_KEY|BEARER_TOKEN)(_FILE)?=.|^STIGG_SIMULATOR='; \
	then export STIGG_SIMULATOR=true; fi; exec $(BIN)/python manage.py serve --migrate

test: .venv/dev.stamp lint ## lint, types, every test; the data's on PostgreSQL and Redis too (COVER=--cov: what they cover)
	@$(BIN)/python tests/browser/chromium.py
	$(BIN)/python -m pytest -n auto --dist worksteal $(COVER)
	$(BIN)/python -m tests.on_services

quick: .venv/dev.stamp lint ## lint, types, what tests in half a minute; stops at the first failure
	$(BIN)/python -m pytest -n logical --dist worksteal -x -m "not browser and not slow and not hypothesis"

lint: .venv/dev.stamp ## rules, form and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	ENV_FILE= STIGG_SIMULATOR=true $(BIN)/mypy
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/djlint --quiet --check templates
	$(BIN)/djlint --quiet --profile django --lint integrations_app/templates
	$(BIN)/djlint --quiet --profile django --check integrations_app/templates
	$(BIN)/hadolint docs/deploy/Dockerfile

fmt: .venv/dev.stamp ## format the code
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/djlint --quiet --reformat templates
	$(BIN)/djlint --quiet --profile django --reformat integrations_app/templates

bench: .venv/dev.stamp ## measure: minutes, ratios, no verdict
	$(BIN)/python tests/bench/page_times.py
	$(BIN)/python tests/bench/page_weight.py
	$(BIN)/python tests/bench/honest_peer.py
	$(BIN)/python tests/bench/storm.py
	$(BIN)/python tests/bench/front_door.py
	$(BIN)/python tests/bench/index.py

pictures: .venv/dev.stamp ## README's pictures, of today's page
	@$(BIN)/python tests/browser/pictures.py

# Resolve the newest versions that pyproject.toml allows, with hashes. Needs uv; nothing else here does.
# With extras kept: where a library asks for `coverage[toml]`, older pips look for that pin, not for `coverage`.
lock: ## resolve requirements*.txt anew
	uv pip compile -q --upgrade pyproject.toml --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.txt
	uv pip compile -q --upgrade pyproject.toml --extra dev -c requirements.txt --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.txt

# The lock has names and hashes alone, so whether they will do elsewhere only an index can say. Nothing is installed.
wheels: ## whether all that is locked has wheels for Python 3.11 to 3.14 on x86-64 and arm64
	@for python in 3.11 3.12 3.13 3.14; do for machine in x86_64 aarch64; do \
	uv pip install -q --dry-run --target var/none --only-binary :all: --require-hashes -r requirements.txt \
	--python-version $$python --python-platform $$machine-unknown-linux-gnu || exit 1; done; done

# Names of the locked libraries, without those for development.
LOCKED = $$(sed -nE 's/^([A-Za-z0-9._-]+)(\[.*\])?==.*/\1/p' requirements.txt)

sbom: .venv/dev.stamp ## var/sbom.json: what is in the desk, as CycloneDX
	@mkdir -p var
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml -o var/sbom.json
	@echo var/sbom.json

licences: .venv/dev.stamp ## the licence of each library that the desk runs with
	@$(BIN)/pip-licenses --from=mixed --order=license --packages $(LOCKED)

# One that is half made, has lost its interpreter or has too old a one, is made anew.
RECENT := import sys; sys.exit(sys.version_info < (3, 11))
BROKEN := $(shell test -x .venv/bin/pip && .venv/bin/python -c '$(RECENT)' 2>/dev/null || rm -rf .venv)
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The desk needs Python 3.11 or newer. Set PYTHON.")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt | .venv/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/run.stamp
