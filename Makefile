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
NS3_WHEEL := ns3==3.44.post0
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

BUILD_PACKAGES := ca-certificates cmake cppzmq-dev g++ git libgtest-dev libprotobuf-dev libzmq3-dev ninja-build \
  pkg-config protobuf-compiler
GATE_PACKAGES := clang-format clang-tidy

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
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMPS)/ns3  ## install what is missing: system packages, a virtual environment, the package, ns-3

$(STAMPS)/system: Makefile
	@venv=; $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || venv="python3 python3-venv"; \
	$(call apt,$(BUILD_PACKAGES) $$venv)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: $(STAMPS)/system pyproject.toml constraints.txt
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# The wheel exists for CPython 3.10 to 3.13 on x86-64. Elsewhere the distribution's ns-3 serves, or NS3_ROOT.
$(STAMPS)/ns3: $(STAMPS)/python
	@if [ -n "$${NS3_ROOT:-}" ]; then \
	  echo "Using ns-3 from NS3_ROOT, $$NS3_ROOT"; \
	elif ! $(BIN)/pip install -q --disable-pip-version-check --no-deps --only-binary :all: $(NS3_WHEEL); then \
	  echo "No ns-3 wheel for this Python; using the distribution's"; \
	  $(call apt,libns3-dev); \
	fi
	@touch $@

.PHONY: build
build: setup  ## compile the bridge, the models and the bundled scenarios
	@cmake -S ns3-scenarios -B $(BUILD) -G Ninja -DNS3MARL_PYTHON="$(CURDIR)/$(BIN)/python" --log-level=NOTICE
	@ninja -C $(BUILD) -j $(JOBS)

.PHONY: clean
clean:  ## remove what was built; the virtual environment stays
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis python/*.egg-info
	find python tests -name __pycache__ -type d -exec rm -rf {} +
