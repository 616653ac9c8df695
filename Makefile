# Everything from a fresh clone, with nothing but Python 3.10+ and make:
#   make demo   a clip from a sentence, in out/
#   make test   linters, type check, every test
# Set PYTHON to pick an interpreter, e.g. `make demo PYTHON=python3.12`.

PYTHON = python3
PROMPT = a drumstick hits a metal pipe twice

BIN = .venv/bin
# One install command for all: the constraints pin torch, so that a CPU build is taken where one is offered.
# PyTorch's own index holds CPU builds for Linux; it is asked only where there is no NVIDIA driver.
CPU_INDEX = https://download.pytorch.org/whl/cpu
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test lint format setup dev clean

help:
	@sed -n 's/^#  \{0,1\}//p' Makefile

demo: .venv/.installed
	$(BIN)/phonofilm generate "$(PROMPT)" -o out/demo.mp4 --sheet --measure --force

test: lint
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile tests

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: .venv/.installed

dev: .venv/.installed-dev

clean:
	rm -rf .venv build dist out

# A stamp is written when its step is whole: an interrupted install starts again, a finished one costs nothing.
.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Phonofilm needs Python 3.10 or newer as '$(PYTHON)': name another, e.g. make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' lacks the venv module: install it (Debian, Ubuntu: apt install python3-venv)" \
	       "or name another Python, e.g. make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.torch: .venv/.made constraints.txt
	@echo "Installing PyTorch and Phonofilm into .venv: a few minutes the first time."
	@index=; command -v nvidia-smi >/dev/null 2>&1 || \
	  if $(BIN)/python -c "from urllib.request import urlopen; urlopen('$(CPU_INDEX)/torch/', timeout=5)" 2>/dev/null; \
	  then index="--extra-index-url $(CPU_INDEX)"; fi; \
	  set -x; $(INSTALL) $$index torch
	@touch $@

.venv/.installed: .venv/.torch pyproject.toml
	$(INSTALL) --editable .
	@touch $@

.venv/.installed-dev: .venv/.torch pyproject.toml
	$(INSTALL) --editable '.[dev]'
	@touch $@ .venv/.installed
