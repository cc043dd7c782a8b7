# Needs python3 (3.11 or 3.12) and make, nothing else. uv is taken from the system, or installed into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv || echo $(BIN)/uv)
STAMP  := $(VENV)/.installed

# Tests start hundreds of processes: where this is set, each would compile all that it imports, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo check test prove lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(STAMP) ## prepare .venv with the pinned set

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
	  || { echo "Python 3.11 or 3.12 is needed; name one with: make PYTHON=/path/to/python"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

demo: install ## from 150,000 real loans to scored, explained, recorded applicants over HTTP
	$(BIN)/credit demo

check: install ## lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## everything: check, then all tests, each promise proved small
	$(BIN)/pytest -n auto --dist loadfile --durations 15 -m "not ray and not full"
	$(BIN)/pytest --durations 15 -m "ray and not full"

prove: install ## the same promises at full count
	$(BIN)/pytest -m full
	$(BIN)/credit bench serve --peers mlserver,bentoml,mlflow --open-loop-seconds 600 --out docs/benchmarks.md
	{ echo "# credit demo --once --fresh, by make prove"; \
	  echo "# commit $$(git describe --always --dirty), $$(date -u +%Y-%m-%d), $$(nproc) cores of" \
	    "$$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $$($(BIN)/python --version)"; \
	  COLUMNS=100 $(BIN)/credit demo --once --fresh --port 0; } > docs/demo.txt

lock: install ## pin again after a change of pyproject.toml
	$(UV) pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

clean: ## remove .venv and caches; var/ with your records stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
