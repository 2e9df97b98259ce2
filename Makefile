# `make report` and `make test` need only Python 3.11 to 3.13 and make.

.DELETE_ON_ERROR:
.PHONY: report check test test-jax test-engines mutants soak benchmark full install lint clean lock

# The first Python that runs and is recent enough; choose another one with `make PYTHON=/path/to/python3`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
QUICK := --configfile config/quick.yaml
# The packages to install; requirements-cuda.lock and requirements-jax-cuda.lock are for an NVIDIA GPU.
LOCK ?= requirements.lock
# At most four workers, because each holds TensorFlow in memory; an idle worker takes tests from the others.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

report: $(VENV)/.installed
	$(BIN)/snakemake --cores $(CORES) $(QUICK)
	@echo "The report: $(CURDIR)/results/quick/report/report.html"

full: $(VENV)/.installed
	$(BIN)/snakemake --cores $(CORES)
	@echo "The report: $(CURDIR)/results/report/report.html"

# For a GPU: make install LOCK=requirements-cuda.lock
install: $(VENV)/.installed

# Builds every network, optimizer, loss and augmentation of the configuration once, without data.
check: $(VENV)/.installed
	$(BIN)/python workflow/scripts/check_experiments.py

test: $(VENV)/.installed
	$(PYTEST)

# The JAX backend has an environment of its own.
test-jax: $(VENV)/.installed
	$(MAKE) install VENV=.venv-jax LOCK=requirements-jax.lock
	KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(PYTEST:$(BIN)%=.venv-jax/bin%) tests/unit/test_experiment_table.py -k one_batch
	LOOKBOOK_JAX_PYTHON=.venv-jax/bin/python $(PYTEST) tests/backends

# SLURM, storage without a shared file system, and Kubernetes: their plugins have an environment of their own.
test-engines:
	$(MAKE) install VENV=.venv-engines LOCK=requirements-engines.lock
	.venv-engines/bin/python -m pytest tests/engines

# The tests of damaged input with 10,000 mutants of each kind.
mutants: $(VENV)/.installed
	LOOKBOOK_MUTANTS=10000 $(PYTEST) --timeout 3600 tests/faults -k mutants

# Kills random processes 200 times, for half an hour, and writes benchmarks/results/soak.md.
KILLS ?= 200
soak: $(VENV)/.installed
	$(BIN)/python tests/faults/soak.py --kills $(KILLS)

# Takes about an hour on an otherwise idle machine and writes to benchmarks/results. With a GPU: benchmarks/gpu.sh
benchmark: $(VENV)/.installed
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/breakdown.py
	$(BIN)/python benchmarks/trials.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/many_trials.py

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules workflow/Snakefile
	$(BIN)/mypy
	$(BIN)/snakemake --lint $(QUICK)

# Removes what can be installed or computed again; datasets and results stay.
clean:
	rm -rf $(VENV) .venv-jax .venv-engines .pytest_cache .mypy_cache .ruff_cache

# The environment is complete when this file exists; an interrupted installation starts again.
$(VENV)/.installed: $(LOCK)
	@test -n "$(PYTHON)" || { echo "Lookbook needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@touch $@

# Updates the lock files after a change of a requirements file; needs uv on the PATH.
lock:
	for kind in "" -engines -jax -cuda -jax-cuda; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			$${kind:+-c requirements.lock} requirements$$kind.in --output-file requirements$$kind.lock || exit 1; \
	done
