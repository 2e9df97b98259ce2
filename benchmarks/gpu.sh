#!/usr/bin/env bash
# All that one GPU tells in under ten minutes: throughput, trials packed on it, and how long the whole benchmark takes.
#
#   benchmarks/gpu.sh                       with .venv of `make install LOCK=requirements-jax-cuda.lock`
#   PYTHON=python3 BACKEND=tensorflow OUT=/some/folder benchmarks/gpu.sh
#
# What is measured is kept as it comes: a call that was cut off, even by a limit of ten minutes, is gone on with by the
# next one. Remove $OUT/gpu to measure anew.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-.venv/bin/python}
BACKEND=${BACKEND:-jax}
OUT=${OUT:-benchmarks/results}
SLOTS=${SLOTS:-8}
export LOOKBOOK_BENCHMARK_RESULTS=$OUT
# Contenders are on the GPU at the same time, though one works: none may reserve its memory.
export XLA_PYTHON_CLIENT_PREALLOCATE=false TF_FORCE_GPU_ALLOW_GROWTH=true
mkdir -p "$OUT/gpu"

step() {
    local name=$1
    shift
    echo "== $name, after $SECONDS s"
    "$PYTHON" "benchmarks/$name.py" --backend "$BACKEND" --checkpoint "$OUT/gpu/$name.json" "$@"
}

step throughput --gpu 1 --seconds 1
step slots
step projection --gpu 1 --slots "$SLOTS"
echo "== all done after $SECONDS s"
