# `make report` and `make test` need only Python 3.11 to 3.13 and make; `make help` lists all targets.

.DELETE_ON_ERROR:
.PHONY: help report partial plan full retry data check test test-jax test-engines mutants soak benchmark install lint clean lock

# The first Python that runs and is recent enough; choose another one with `make PYTHON=/path/to/python3`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
QUICK := --configfile config/quick.yaml
# The packages to install; requirements-cuda.lock and requirements-jax-cuda.lock are for an NVIDIA GPU. An environment
# keeps the packages that it was installed with until LOCK names others.
INSTALLED := $(shell cat $(VENV)/.installed 2>/dev/null)
LOCK ?= $(or $(INSTALLED),requirements.lock)
# At most four workers, because each holds TensorFlow in memory; an idle worker takes tests from the others.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

# A run of some experiments has a folder of its own, so that it does not replace the report of all.
EXPERIMENTS ?=
space := $(subst ,, )
comma := ,
SUBSET := $(subst $(space),-,$(strip $(EXPERIMENTS)))
RESULTS := results/quick$(if $(SUBSET),-$(SUBSET))
SELECTED = --config results=$(RESULTS) 'experiments=[$(subst $(space),$(comma),$(strip $(EXPERIMENTS)))]'

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

report: $(VENV)/.installed  ## the quick benchmark; EXPERIMENTS="exp103 exp104" runs only these
	$(BIN)/snakemake --cores $(CORES) $(QUICK) $(if $(SUBSET),$(SELECTED))
	@echo "The report: $(CURDIR)/$(RESULTS)/report/report.html"

partial: $(VENV)/.installed  ## a report of the trials so far, while `make report` runs
	$(BIN)/python workflow/scripts/render_partial.py --experiments $(RESULTS)/experiments.json

plan: $(VENV)/.installed  ## what `make report` would do: trials, jobs, time and disk
	@$(BIN)/python workflow/scripts/show_plan.py --config config/config.yaml config/quick.yaml
	@$(BIN)/snakemake --dry-run --quiet rules $(QUICK) 2>&1 | awk '/^Job stats:/ {n++} n == 1 || /Nothing to be done/'

retry: $(VENV)/.installed  ## trains the trials without results of `make report` again
	$(BIN)/python workflow/scripts/discard_failed.py --experiments $(RESULTS)/experiments.json
	$(MAKE) report

data: $(VENV)/.installed  ## prepares Fashion-MNIST, which commands otherwise do when they need it
	$(BIN)/snakemake --cores $(CORES) resources/datasets/fashion_mnist/manifest.json

full: $(VENV)/.installed  ## the full benchmark
	$(BIN)/snakemake --cores $(CORES)
	@echo "The report: $(CURDIR)/results/report/report.html"

# For a GPU: make install LOCK=requirements-cuda.lock
install: $(VENV)/.installed  ## creates the environment; LOCK=requirements-cuda.lock for a GPU

# Builds every network, optimizer, loss and augmentation of the configuration once, without data.
check: $(VENV)/.installed  ## builds every network, optimizer, loss and augmentation once
	$(BIN)/python workflow/scripts/check_experiments.py

test: $(VENV)/.installed  ## the tests
	$(PYTEST)

# The JAX backend has an environment of its own.
test-jax: $(VENV)/.installed  ## the tests on the JAX backend
	$(MAKE) install VENV=.venv-jax LOCK=requirements-jax.lock
	KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(PYTEST:$(BIN)%=.venv-jax/bin%) tests/unit/test_experiment_table.py -k one_batch
	LOOKBOOK_JAX_PYTHON=.venv-jax/bin/python $(PYTEST) tests/backends

# SLURM, storage without a shared file system, and Kubernetes: their plugins have an environment of their own.
test-engines:  ## the tests on SLURM, an object store and Kubernetes
	$(MAKE) install VENV=.venv-engines LOCK=requirements-engines.lock
	.venv-engines/bin/python -m pytest tests/engines

# The tests of damaged input with 10,000 mutants of each kind.
mutants: $(VENV)/.installed  ## the tests of damaged input, 10,000 of each kind
	LOOKBOOK_MUTANTS=10000 $(PYTEST) --timeout 3600 tests/faults -k mutants

# Kills random processes 200 times, for about 40 minutes, and writes benchmarks/results/soak.md.
KILLS ?= 200
soak: $(VENV)/.installed  ## kills random processes for about 40 minutes
	$(BIN)/python tests/faults/soak.py --kills $(KILLS)

# Takes about an hour on an otherwise idle machine and writes to benchmarks/results. With a GPU: benchmarks/gpu.sh
benchmark: $(VENV)/.installed  ## measures the speed of this machine, about an hour
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/breakdown.py
	$(BIN)/python benchmarks/trials.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/many_trials.py

lint: $(VENV)/.installed  ## the linters
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules workflow/Snakefile
	$(BIN)/mypy
	$(BIN)/snakemake --lint $(QUICK)

# Removes what can be installed or computed again; datasets and results stay.
clean:  ## removes the environments and caches
	rm -rf $(VENV) .venv-jax .venv-engines .pytest_cache .mypy_cache .ruff_cache

.PHONY: other-packages

# The environment is complete when this file exists; an interrupted installation starts again.
$(VENV)/.installed: $(LOCK) $(if $(filter-out $(LOCK),$(INSTALLED)),other-packages)
	@test -n "$(PYTHON)" || { echo "Lookbook needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2; exit 1; }
	@test ! -L $(VENV) || { echo "$(VENV) is a symbolic link, and an installation would replace the environment that it" \
		"points to: remove the link, or run make in that environment's folder first." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@echo $(LOCK) > $@

# Updates the lock files after a change of a requirements file; needs uv on the PATH.
lock:  ## updates the lock files; needs uv
	for kind in "" -engines -jax -cuda -jax-cuda; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			$${kind:+-c requirements.lock} requirements$$kind.in --output-file requirements$$kind.lock || exit 1; \
	done
