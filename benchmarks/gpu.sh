#!/usr/bin/env bash
# Measure one GPU: throughput of four cases, trials that share the GPU, and the duration of the whole benchmark. Estimated
# time: 15 minutes, of which XLA compiles most.
#
#   benchmarks/gpu.sh                       with .venv of `make install LOCK=requirements-jax-cuda.lock`
#   PYTHON=python3 BACKEND=tensorflow OUT=/some/folder benchmarks/gpu.sh
#
# Measurements are saved as they finish: after an interruption the same command resumes. Remove $OUT/gpu to measure
# again.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-.venv/bin/python}
BACKEND=${BACKEND:-jax}
OUT=${OUT:-benchmarks/results}
SLOTS=${SLOTS:-8}
export LOOKBOOK_BENCHMARK_RESULTS=$OUT
# All contenders are on the GPU at the same time, so none may reserve its memory.
export XLA_PYTHON_CLIENT_PREALLOCATE=false TF_FORCE_GPU_ALLOW_GROWTH=true
mkdir -p "$OUT/gpu"

step() {
    local name=$1
    shift
    echo "== $name, after $SECONDS s"
    "$PYTHON" "benchmarks/$name.py" --backend "$BACKEND" --checkpoint "$OUT/gpu/$name.json" "$@"
}

step throughput --gpu 1 --seconds 1 --cases dense exp104 basic_cnn wide_resnet_16_4
step slots
step projection --gpu 1 --slots "$SLOTS"
echo "== finished after $SECONDS s"
