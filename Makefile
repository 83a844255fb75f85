# Two commands do everything on a machine with python3 (3.11 or newer), venv and make:
#   make run     the desk, at http://127.0.0.1:8000 (PORT changes it)
#   make test    lint, types and every test, the browser's included

PYTHON ?= python3
BIN := .venv/bin
SOURCES := manage.py dashboard integrations_app tests

.PHONY: run test lint bench lock

run: .venv/run.stamp
	@if ! { env; cat .env 2>/dev/null; } | grep -qE '^STIGG_([A-Z0-9_]+_)?(API_KEY|BEARER_TOKEN)(_FILE)?=.|^STIGG_SIMULATOR='; \
	then export STIGG_SIMULATOR=true; fi; exec $(BIN)/python manage.py serve

test: .venv/dev.stamp lint
	@$(BIN)/python tests/browser/chromium.py
	$(BIN)/python -m pytest -n auto

lint: .venv/dev.stamp
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	ENV_FILE= STIGG_SIMULATOR=true $(BIN)/mypy
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/djlint --quiet --check templates
	$(BIN)/djlint --quiet --profile django --lint integrations_app/templates
	$(BIN)/djlint --quiet --profile django --check integrations_app/templates

bench: .venv/dev.stamp
	$(BIN)/python tests/bench/page_times.py
	$(BIN)/python tests/bench/storm.py
	$(BIN)/python tests/bench/front_door.py
	$(BIN)/python tests/bench/index.py

# Resolve the newest versions that pyproject.toml allows, with hashes. Needs uv; nothing else here does.
lock:
	uv pip compile -q --upgrade pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.txt
	uv pip compile -q --upgrade pyproject.toml --extra dev -c requirements.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.txt

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt | .venv/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/run.stamp
