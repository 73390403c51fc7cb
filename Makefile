# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
JOBS ?= $(shell nproc)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
BUILD := build/scenarios
PIP_INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check
NS3_WHEEL := $(shell sed -n 's/^ns3 = \["\(ns3==[^;]*\);.*/\1/p' pyproject.toml)
CLANGXX ?= clang++
MINUTES ?= 10
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

BUILD_PACKAGES := ca-certificates cmake cppzmq-dev g++ git libprotobuf-dev libzmq3-dev ninja-build pkg-config protobuf-compiler
# Ubuntu has Chromium as a snap only: there the tests of the page run where one is installed.
CHROMIUM := $(if $(shell grep -sx ID=debian /etc/os-release),chromium fonts-dejavu-core)
TEST_PACKAGES := fish gdb libgtest-dev zsh $(CHROMIUM)
PROTOCOL := python/ns3marl/protocol
CXX_FILES = $(shell git ls-files --cached --others --exclude-standard 'ns3-scenarios/*.cc' 'ns3-scenarios/*.h')
CHANGED_FILES = $(shell git diff --name-only --diff-filter=d HEAD~ -- ns3-scenarios 2>/dev/null)

# Continuous integration refuses compiler warnings and names in all files; a developer's gate looks at those changed
# since the last commit but one.
ifeq ($(CI),true)
  WARNINGS_ARE_ERRORS := ON
  TIDY_FILES = $(filter %.cc,$(CXX_FILES))
else
  WARNINGS_ARE_ERRORS := OFF
  TIDY_FILES = $(filter $(CHANGED_FILES:.h=.cc),$(CXX_FILES))
endif

# $(call apt,PACKAGES): installs what is missing of PACKAGES where there is apt; elsewhere `ns3marl doctor` tells.
define apt
  missing=(); \
  for package in $(1); do \
    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing+=($$package); \
  done; \
  if (($${#missing[@]})) && command -v apt-get >/dev/null; then \
    echo "Installing $${missing[*]}"; \
    $(SUDO) apt-get update -qq; \
    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
  fi
endef

.PHONY: help
help:  ## say what each target does
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMPS)/ns3  ## install what is missing: system packages, a virtual environment, the package, ns-3

# A virtual environment holds its own path: in a checkout that was moved or copied it is made anew.
ifneq ($(wildcard $(BIN)/activate),)
  MOVED := $(shell set +eu; . $(BIN)/activate; [ "$$VIRTUAL_ENV" -ef $(VENV) ] || echo moved)
endif
.PHONY: moved
moved:

$(STAMPS)/system: Makefile $(MOVED)
	@$(if $(MOVED),rm -rf $(VENV))
	@venv=; $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || venv="python3 python3-venv"; \
	$(call apt,$(BUILD_PACKAGES) $$venv)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# TORCH=system takes the distribution's PyTorch, built for the CPU (Debian 13 has one that is new enough): some 200 MB
# where the pinned one may bring several GB of CUDA libraries. It asks for a sympy, and for libraries that tests compare with,
# of its own time. What was chosen once holds for the virtual environment.
TORCHS_OWN := torch|sympy|stable_baselines3|torchrl|tensordict|pyvers|hoptorch
TORCH ?= $(if $(wildcard $(STAMPS)/constraints.txt),system)
ifeq ($(TORCH),system)
  CONSTRAINTS := $(STAMPS)/constraints.txt
else
  CONSTRAINTS := constraints.txt
endif

$(STAMPS)/constraints.txt: $(STAMPS)/system constraints.txt
	@$(call apt,python3-torch libopenblas0-pthread)
	@site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))'); \
	ln -sfn /usr/lib/python3/dist-packages/torch{,gen,-*-info} /usr/lib/python3/dist-packages/functorch "$$site"
	@grep -vE '^($(TORCHS_OWN))==' constraints.txt >$@
	@$(BIN)/python -c 'import importlib.metadata as m; print("torch==" + m.version("torch"))' >>$@

$(STAMPS)/python: $(STAMPS)/system pyproject.toml $(CONSTRAINTS)
	$(PIP_INSTALL) -c $(CONSTRAINTS) -e .
	@touch $@

# What only tests, benchmarks and pages need: linters, compilers of pages, and libraries to compare with.
$(STAMPS)/tests: $(STAMPS)/ns3
	@$(call apt,$(TEST_PACKAGES))
	$(PIP_INSTALL) -c $(CONSTRAINTS) -e '.[dev,docs,oracles]'
	@touch $@

# The wheel exists for CPython 3.10 to 3.13 on x86-64. Elsewhere the distribution's ns-3 serves, or NS3_ROOT.
$(STAMPS)/ns3: $(STAMPS)/python
	@if [ -n "$${NS3_ROOT:-}" ]; then \
	  echo "Using ns-3 from NS3_ROOT, $$NS3_ROOT"; \
	elif ! $(PIP_INSTALL) --no-deps --only-binary :all: $(NS3_WHEEL); then \
	  echo "No ns-3 wheel for this Python; using the distribution's"; \
	  $(call apt,libns3-dev); \
	fi
	@touch $@

.PHONY: setup-tests
setup-tests: $(STAMPS)/tests  ## install also what tests, benchmarks and pages need

.PHONY: build
build: setup-tests  ## compile the bridge, the models, the bundled scenarios and their tests
	@mkdir -p $(BUILD)
	@flock $(BUILD)/.lock cmake -S ns3-scenarios -B $(BUILD) -G Ninja --log-level=WARNING -DNS3MARL_BUILD_TESTS=ON \
	  $$(grep -qs 'CMAKE_HOME_DIRECTORY:INTERNAL=$(CURDIR)/ns3-scenarios$$' $(BUILD)/CMakeCache.txt || echo --fresh) \
	  -DNS3MARL_PYTHON="$(CURDIR)/$(BIN)/python" -DCMAKE_COMPILE_WARNING_AS_ERROR=$(WARNINGS_ARE_ERRORS)
	@flock $(BUILD)/.lock ninja -C $(BUILD) -j $(JOBS)
	@echo ../../ns3-scenarios >$(BUILD)/ns3marl-source # as `ns3marl build` leaves it: the executables are up to date

.PHONY: ns3-fast
ns3-fast: setup  ## compile ns-3 from NS3_SOURCE=FOLDER for speed, and the bundled scenarios against it
	@test -n "$(NS3_SOURCE)" || { echo "Name the folder of ns-3's sources: make ns3-fast NS3_SOURCE=FOLDER"; false; }
	@root=$$($(BIN)/ns3marl build-ns3 "$(NS3_SOURCE)" --jobs $(JOBS)); eval "$$root"; \
	$(BIN)/ns3marl build --jobs $(JOBS); echo "Use it with: $$root"

.PHONY: demo
demo: setup  ## train agents on the twin and ns-3 for about five minutes, compare them with simple policies in ns-3, write a report
	$(BIN)/ns3marl demo $(ARGS)

# Tests that mind no neighbours run on all cores, each with one of them.
UNIT_TESTS := tests/unit tests/architecture
TOGETHER := OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) $(UNIT_TESTS)

.PHONY: test
test: static  ## run the gate and every test
	ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS)
	$(TOGETHER) tests/learning
	$(BIN)/pytest $(addprefix --ignore=,$(UNIT_TESTS) tests/learning)

.PHONY: test-view
test-view: build  ## drive the page of `ns3marl view` in Chromium; pictures are left in build/view
	$(BIN)/pytest tests/view

.PHONY: test-docker
test-docker: setup-tests engine  ## build the images and train in containers; needs a Docker engine with Compose
	$(BIN)/pytest docker/test_compose.py

.PHONY: test-bare
test-bare: setup-tests engine  ## install and run the demo where nothing is installed, in containers; downloads some GB
	$(BIN)/pytest docker/test_bare.py

.PHONY: engine
engine:
	@docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1 || \
	  { echo "NOT RUN: there is no Docker engine with Compose here"; exit 3; }

.PHONY: fuzz
fuzz: setup-tests  ## fuzz both decoders for MINUTES=10 each, with Clang's libFuzzer and with Atheris
	cmake -S ns3-scenarios -B build/fuzz -G Ninja --log-level=WARNING -DCMAKE_CXX_COMPILER=$(CLANGXX) \
	  -DNS3MARL_BUILD_FUZZERS=ON -DNS3MARL_BUILD_TESTS=OFF -DNS3MARL_PYTHON="$(CURDIR)/$(BIN)/python"
	ninja -C build/fuzz -j $(JOBS) fuzz-decoder
	@mkdir -p build/fuzz/found
	build/fuzz/bin/fuzz-decoder -close_fd_mask=3 -max_total_time=$$((60 * $(MINUTES))) -artifact_prefix=build/fuzz/ build/fuzz/found \
	  tests/fuzz/corpus tests/conformance tests/conformance/version-1
	$(PIP_INSTALL) atheris
	@mkdir -p build/fuzz/found-python
	PYTHONPATH=tests $(BIN)/python tests/fuzz/decoder_fuzzer.py -close_fd_mask=1 -max_total_time=$$((60 * $(MINUTES))) \
	  -artifact_prefix=build/fuzz/python- build/fuzz/found-python tests/fuzz/corpus tests/conformance tests/conformance/version-1

.PHONY: check
check: static  ## run the quick gate: style, types, names, import contracts, unit tests
	$(TOGETHER) -q

# What reads the sources only. The build comes first: clang-tidy needs the generated headers.
.PHONY: static
static: build
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy $(wildcard python/ns3marl tests benchmarks docs)
	@echo "clang-format on $(words $(CXX_FILES)) files"
	@$(BIN)/clang-format --dry-run -Werror $(CXX_FILES)
	@echo "clang-tidy on $(words $(TIDY_FILES)) files"
	@printf '%s\n' $(TIDY_FILES) | xargs -r -P $(JOBS) -n 1 $(BIN)/clang-tidy -p $(BUILD) --quiet \
	  2> >(grep -v 'warnings generated' >&2 || true)

.PHONY: bench
bench: build  ## run a benchmark: make bench NAME=roundtrip
	@test -n "$(NAME)" || { echo "Give a name: make bench NAME=x. There are:"; ls benchmarks/*.py; false; }
	$(BIN)/python benchmarks/$(NAME).py $(ARGS)

.PHONY: proto
proto: setup  ## regenerate the Python side of the wire after editing proto/
	made=$$(mktemp -d); \
	protoc --proto_path=proto --python_out="$$made" --pyi_out="$$made" ns3marl/v2/lockstep.proto; \
	mv "$$made"/ns3marl/v2/lockstep_pb2.py* $(PROTOCOL)/; \
	rm -r "$$made"

# Warnings are errors: a docstring or link that Sphinx cannot read fails the build.
.PHONY: docs
docs: setup-tests  ## build the pages and the API reference into build/docs/html
	@mkdir -p build/docs/source
	$(BIN)/sphinx-build -q -W --keep-going -c docs build/docs/source build/docs/html

# The outputs that notebooks are kept with; a test executes them too, but keeps nothing.
.PHONY: notebooks
notebooks: build  ## execute the notebooks of examples/notebooks anew, and keep what they show
	@elsewhere=$$(mktemp -d); trap 'rm -r "$$elsewhere"' EXIT; cp examples/notebooks/*.ipynb "$$elsewhere"; \
	PYTHONPATH="$(CURDIR)/python" $(BIN)/jupyter-execute --inplace --NotebookClient.record_timing=False "$$elsewhere"/*.ipynb; \
	cp "$$elsewhere"/*.ipynb examples/notebooks/

# The wheel is taken as a user takes it: in a virtual environment of its own, outside the checkout, with an empty cache.
RELEASE := build/release
.PHONY: release
release: $(STAMPS)/system  ## build the archive and the wheel into dist, check them, and train with the wheel for a minute
	@rm -rf dist $(RELEASE) && mkdir -p $(RELEASE)
	@$(call apt,python3-dev) # the wheel of ns-3 asks for a package that is compiled
	$(PYTHON) -m venv $(RELEASE)/tools
	$(RELEASE)/tools/bin/python -m pip install -q --disable-pip-version-check build twine
	$(RELEASE)/tools/bin/python -m build -o dist .
	$(RELEASE)/tools/bin/twine check --strict dist/*
	$(PYTHON) -m venv $(RELEASE)/bare
	$(RELEASE)/bare/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt "$$(echo dist/*.whl)[ns3]"
	@elsewhere=$$(mktemp -d); trap 'rm -r "$$elsewhere"' EXIT; cd "$$elsewhere"; \
	XDG_CACHE_HOME="$$elsewhere/cache" "$(CURDIR)/$(RELEASE)/bare/bin/ns3marl" demo --minutes 1
	@ls -l dist

.PHONY: clean
clean:  ## remove what was built; the virtual environment stays
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis python/*.egg-info
	find python tests -name __pycache__ -type d -exec rm -rf {} +
