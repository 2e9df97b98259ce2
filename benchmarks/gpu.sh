#!/usr/bin/env bash
# All that one GPU tells in under ten minutes: throughput, trials packed on it, and how long the whole benchmark takes.
#
#   benchmarks/gpu.sh                       with .venv of `make install LOCK=requirements-jax-cuda.lock`
#   PYTHON=python3 BACKEND=tensorflow OUT=/some/folder benchmarks/gpu.sh
#
# Every step writes its section of the results when it ends, and is skipped by the next call: a run that was cut off
# goes on. Remove $OUT/gpu to measure anew.
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
    if [ -e "$OUT/gpu/$name.done" ]; then
        echo "== $name is done"
        return
    fi
    echo "== $name, after $SECONDS s"
    "$PYTHON" "$@" && touch "$OUT/gpu/$name.done"
}

step throughput benchmarks/throughput.py --gpu 1 --backend "$BACKEND" --seconds 1
step slots benchmarks/slots.py --backend "$BACKEND"
step projection benchmarks/projection.py --gpu 1 --backend "$BACKEND" --slots "$SLOTS" \
    --checkpoint "$OUT/gpu/projection.json"
echo "== all done after $SECONDS s"
