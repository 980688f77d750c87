# Everything starts from a bare Python: each target first sets up what it needs, once.
#
#   make demo                                                     train on a set drawn by code, write a report
#   make test                                                     run the tests
#   make test TORCH_INDEX=https://download.pytorch.org/whl/cpu    the same, with another build of torch
#   make test PYTHON=python3.13 VENV=.venv313                     the same, on another Python, in an environment of its own
#
# TORCH_INDEX is asked for packages beside the usual index; README.md says which address fits which machine.

VENV        ?= .venv
PYTHON      ?=
TORCH_INDEX ?=
WORKERS     ?= auto
PYTEST_ARGS ?=
COVERAGE    ?= $(if $(PYTEST_ARGS),no,$(shell $(BIN)/python -c 'import sys; print("yes" if sys.version_info > (3, 12) else "no")'))
DEMO_ARGS   ?= --epochs 10

BIN      := $(VENV)/bin
NEWEST   := python3.11 python3.12 python3.13 python3.14 python3
INSTALL  := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
            $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench bench-peers docs web build clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.with-dev  ## install Latente and its tools into .venv

demo: $(VENV)/.with-dev  ## train a variational autoencoder on letters and digits drawn by code
	@rm -rf runs/demo
	$(BIN)/latente fit glyphs --model vae --out runs/demo $(DEMO_ARGS)
	@echo "The report: $(CURDIR)/runs/demo/report.html"

# A run of all tests tells what they cover. Python 3.12 and newer measure it for a few percent of the time, by
# sys.monitoring; 3.11 has to trace every line of every library as well, for a quarter more, and half where figures
# are drawn: there it is measured where it is asked for (COVERAGE=yes), as .ci/run does. COVERAGE=no never does.
test: $(VENV)/.with-dev  ## run the tests on all cores; WORKERS=1 runs them one by one, COVERAGE=yes tells what they cover
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal \
	    $(if $(filter yes,$(COVERAGE)),--cov --cov-report=term:skip-covered) $(PYTEST_ARGS)

lint: $(VENV)/.with-dev  ## check style, formatting, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.with-dev  ## put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.with-dev  ## measure training speed and memory (with bench-peers: beside other libraries)
	$(BIN)/python benchmarks/training.py

bench-peers: .venv-peers/.ready  ## install the libraries that `make bench` compares with into .venv-peers

docs: $(VENV)/.with-docs  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The documentation: $(CURDIR)/site/index.html"

web: src/latente/studio/web/index.html  ## build the studio's pages, and what decodes live in the explorer's (needs Node.js 20 or newer)

build: $(VENV)/.with-dev web  ## build the wheel into dist/
	$(BIN)/python -m hatchling build --target wheel

clean:  ## remove what was built; runs, models and data stay
	rm -rf $(VENV) .venv-peers build dist site web/node_modules src/latente/explorer/web src/latente/studio/web .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

src/latente/studio/web/index.html: web/package-lock.json web/vite.config.js $(wildcard web/src/*) \
    $(wildcard web/studio/*) $(wildcard web/studio/*/*) $(wildcard web/studio/src/pages/*) src/latente/pages/page.css
	@command -v npm >/dev/null || { echo "make web needs Node.js 20 or newer with npm: install it first" >&2; exit 1; }
	cd web && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent check && npm run --silent build

$(BIN)/python:
	@for candidate in $(or $(PYTHON),$(NEWEST)); do \
	    $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	    echo "Making $(VENV) with $$($$candidate --version)"; \
	    $$candidate -m venv $(VENV) && exit; \
	    rm -rf $(VENV); \
	    echo "$$candidate cannot make a virtual environment (see above)." >&2; \
	done; \
	echo "Latente needs Python 3.11 or newer with its venv module: install one, or say which: make PYTHON=..." >&2; \
	exit 1

$(VENV)/.with-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Latente with its $* tools into $(VENV); the first time takes a few minutes"
	@$(INSTALL) --editable '.[$*]'
	@touch $@

.venv-peers/.ready: benchmarks/requirements-peers.txt constraints.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check \
	    $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r benchmarks/requirements-peers.txt
	@touch $@
