# Scriptbench: every command works from a fresh clone with nothing but make and Python 3.11 or newer.
# Another Python: make setup PYTHON=/path/to/python3.  Arguments: make test ARGS="-k verdict".

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed.stamp
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard web/translations/*/LC_MESSAGES/messages.po))

# pip, uv and browsers cache below the home folder; where that cannot be written they keep to the project's own.
OWN_CACHE := $(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}"; [ -e "$$d" ] || d="$$(dirname "$$d")"; \
	[ -w "$$d" ] || echo "$(CURDIR)/.cache")
ifneq ($(OWN_CACHE),)
export XDG_CACHE_HOME := $(OWN_CACHE)
export UV_CACHE_DIR := $(OWN_CACHE)/uv
export PIP_CACHE_DIR := $(OWN_CACHE)/pip
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup run test bench faults calibrate evidence lint format translations lock venv

help: ## print this list
	@$(PYTHON) -c 'import re, sys; [print(f"make {name:<13} {what}") for name, what in \
		re.findall(r"^([a-z]+):.*?## (.*)", open(sys.argv[1]).read(), re.M)]' $(firstword $(MAKEFILE_LIST))

setup: $(INSTALLED) $(CATALOGUES) ## make .venv with the locked packages and compile the translations
	@:

run: setup ## start a demo call centre on http://127.0.0.1:8000 (PORT, DATABASE_URL)
	@$(BIN)/flask --app wsgi up

# Tests start many programs; each would compile a thousand modules anew where Python may not keep what it compiled.
test: export PYTHONDONTWRITEBYTECODE :=
# There is a test process for each core: matrices are not worked on by more than one of them.
test: export OPENBLAS_NUM_THREADS := 1
test: setup ## run every test, PostgreSQL and browser included (ARGS="-k name")
	$(BIN)/pytest --numprocesses=logical --maxprocesses=8 --dist=loadfile --no-loadscope-reorder $(ARGS)

bench: setup ## measure speed, in parts: serving choosing ingest rollup reading pages analysis statistics (ARGS=serving)
	$(BIN)/python -m tests.bench $(ARGS)

faults: setup ## kill workers, servers and PostgreSQL under load, and count what was acknowledged (ARGS="--times 5")
	$(BIN)/python -m tests.faults $(ARGS)

calibrate: setup ## prove the error rates by simulation
	$(BIN)/python -m tests.calibrate $(ARGS)

evidence: setup ## draw what monitoring finds in real experiments (CALL_DATA: folder of the public data)
	$(BIN)/python -m tests.evidence $(ARGS)

lint: setup ## check format, lint, types and the direction of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## format the code and mend what can be mended safely
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

translations: setup ## collect the sentences of code and templates into the catalogues, then compile them
	@mkdir -p .cache
	$(BIN)/pybabel --quiet extract --mapping-file=pyproject.toml --keyword=lazy_gettext \
		--keyword=Message --keyword=sentence --keyword=invalid:3 --keyword=Unknown --keyword=Conflict \
		--keyword=NotAllowed --keyword=NotSignedIn --keyword=Unavailable --keyword=BadCondition \
		--add-location=file --sort-by-file --project=Scriptbench --output-file=.cache/messages.pot \
		configs experiments web
	$(BIN)/pybabel --quiet update --input-file=.cache/messages.pot --output-dir=web/translations \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@$(MAKE) --no-print-directory setup

lock: setup ## resolve requirements.lock anew from pyproject.toml (ARGS=--upgrade for newer versions)
	$(BIN)/uv pip compile pyproject.toml --quiet --python $(BIN)/python --group dev --all-extras --universal \
		--generate-hashes --no-emit-index-url --no-header --output-file requirements.lock $(ARGS)
	@$(MAKE) --no-print-directory setup

venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; name one with: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@complete() { $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; }; \
	if ! complete && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Debian's python3-venv ..."; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv; \
		} >/dev/null 2>&1; \
	fi; \
	complete || { echo "This Python lacks venv: install it (Debian, Ubuntu: apt-get install python3-venv)," \
		"or name another with: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)

# The environment is made when there is none, and again when the Python that it links to has gone away.
$(INSTALLED): requirements.lock $(shell [ -x $(BIN)/python ] && [ -x $(BIN)/pip ] || echo venv)
	@echo "Installing the locked packages ..."
	@{ $(BIN)/python -m pip install -qq --disable-pip-version-check 'uv>=0.9,<1' \
		&& $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; } \
	|| { echo "uv could not; trying pip, which takes a minute or two ..."; \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock; }
	@touch $@

$(CATALOGUES): %.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@
