# Everything a fresh machine needs: `make demo` runs the main job, `make test` runs all tests.
# Python 3.11 or newer with pip is enough; the rest is installed below, into this folder only.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
export PYTHONDONTWRITEBYTECODE :=
UV := .uv/bin/uv
ONLY ?=
WORKERS ?= 2
TOGETHER := -n $(WORKERS) --dist loadfile

.PHONY: help demo test check reference spark bench board docs lock format clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.run board  ## set everything up, play Guangdong's autumn of 2022 into the store, open the board
	@$(RUN)/yipan demo

test: $(VENV)/.dev board  ## run all tests
	$(MAKE) --no-print-directory static
	$(RUN)/python -m pytest -q $(TOGETHER) --ignore tests/reference --ignore tests/browser tests
	$(RUN)/python -m pytest -q -n $(WORKERS) tests/reference
	$(RUN)/python -m pytest -q $(TOGETHER) tests/browser

check: $(VENV)/.dev static  ## format, lint, types, contracts, unit tests: under a minute
	$(RUN)/python -m pytest -q -n $(WORKERS) -m "not slow and not browser and not store" tests/unit tests/rules tests/properties

.PHONY: static
static: $(VENV)/.dev
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/lint-imports
	$(RUN)/mypy

reference: $(VENV)/.dev  ## compare with reference vectors; ONLY=detect|rt|branching|scores|protocol|screening
	$(RUN)/python -m pytest -q -n $(WORKERS) $(if $(ONLY),tests/reference/test_$(ONLY).py,tests/reference)

spark: $(UV)  ## install PySpark (half a gigabyte) beside the rest, in .spark, and run the tests that need it and Java
	test -f .spark/pyvenv.cfg || $(UV) venv -q --python $(PYTHON) .spark
	VIRTUAL_ENV=.spark $(UV) pip sync -q --require-hashes requirements/cluster.lock
	VIRTUAL_ENV=.spark $(UV) pip install -q --no-deps --no-build-isolation -e .
	.spark/bin/python -m pytest -q -m spark tests/unit/test_store_cluster.py

bench: $(VENV)/.dev  ## run every benchmark (ONLY=name runs one)
	$(RUN)/python -m benchmarks $(ONLY)

board:  ## build the board when its sources are newer than what was built
	@PYTHON=$(PYTHON) VENV=$(VENV) sh web/build.sh

docs: $(VENV)/.dev  ## write the generated pages of the reference
	$(RUN)/python docs/generate.py

format: $(VENV)/.dev  ## format and mend what can be mended
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

lock: $(UV)  ## renew the lock files
	$(UV) lock --upgrade
	$(UV) export -q --frozen --no-emit-project --no-default-groups --no-header --no-annotate -o requirements/run.lock
	$(UV) export -q --frozen --no-emit-project --group dev --no-header --no-annotate -o requirements/dev.lock
	$(UV) export -q --frozen --no-emit-project --group dev --extra cluster --no-header --no-annotate -o requirements/cluster.lock

clean:  ## remove what was installed and built here (the record in .yipan stays)
	rm -rf .uv $(VENV) .spark src/yipan/board web/node_modules

$(UV):
	$(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .uv --no-deps uv

$(VENV)/pyvenv.cfg: | $(UV)
	$(UV) venv -q --python $(PYTHON) $(VENV)

$(VENV)/.run: requirements/run.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@test -f $(VENV)/.dev || VIRTUAL_ENV=$(VENV) $(UV) pip sync -q --require-hashes requirements/run.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install -q --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml | $(VENV)/pyvenv.cfg
	VIRTUAL_ENV=$(VENV) $(UV) pip sync -q --require-hashes requirements/dev.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
