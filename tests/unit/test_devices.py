"""What a trial computes on, and how the choice is made."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from lookbook.runtime import devices
from lookbook.training.setup import is_convolutional

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


@pytest.fixture
def cpu_with(monkeypatch):
    """Return a function that makes the processor have these flags and no GPU beside it."""

    def pretend(flags: str) -> None:
        monkeypatch.setattr(devices, "_cpuinfo", {"flags": flags, "model name": "Imagined 3000"}.get)
        monkeypatch.setattr(devices, "_gpu", lambda: None)

    return pretend


@pytest.mark.parametrize(
    ("flags", "convolutional", "expected"),
    [
        ("sse avx2 amx_bf16 amx_tile", True, "mixed_bfloat16"),
        ("sse avx2 amx_bf16 amx_tile", False, "float32"),
        ("sse avx2 avx512_bf16", True, "float32"),
        ("", True, "float32"),
    ],
)
def test_auto_takes_bfloat16_for_convolutions_where_the_hardware_has_it(flags, convolutional, expected, cpu_with):
    cpu_with(flags)
    assert devices.choose_precision("auto", convolutional) == expected


@pytest.mark.parametrize("wanted", ["float32", "mixed_bfloat16"])
def test_a_stated_precision_is_taken(wanted, cpu_with):
    cpu_with("amx_bf16")
    assert devices.choose_precision(wanted, True) == wanted


def test_auto_compiles_with_xla_except_convolutions_on_a_cpu(cpu_with, monkeypatch):
    cpu_with("")
    assert [devices.choose_xla("auto", convolutional) for convolutional in (False, True)] == [True, False]
    monkeypatch.setattr(devices, "has_gpu", lambda: True)
    assert devices.choose_xla("auto", True)


@pytest.mark.parametrize("convolutional", [True, False])
def test_a_stated_compilation_is_taken(convolutional):
    assert devices.choose_xla("xla", convolutional)
    assert not devices.choose_xla("graph", convolutional)


@pytest.mark.parametrize("layer", ["Conv2D", "DepthwiseConv2D", "SeparableConv2D"])
def test_a_convolution_is_found_at_any_depth(layer):
    arguments = {"kernel_size": 3} if layer == "DepthwiseConv2D" else {"filters": 2, "kernel_size": 3}
    inner = keras.Sequential([keras.Input((8, 8, 1)), getattr(keras.layers, layer)(**arguments)])
    outer = keras.Sequential([keras.Input((8, 8, 1)), inner, keras.layers.Flatten()])
    assert is_convolutional(outer)


def test_a_dense_network_is_not_convolutional():
    dense = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    assert not is_convolutional(dense)


def test_a_device_is_told_in_words(cpu_with, monkeypatch):
    cpu_with("")
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    assert devices.describe(1) == "cpu: Imagined 3000, 1 thread"
    assert devices.describe(4) == "cpu: Imagined 3000, 4 threads"


def test_the_versions_are_those_that_a_result_depends_on():
    found = devices.versions()
    assert found.keys() == {"python", "keras", "tensorflow", "numpy"}
    assert found["keras"] == keras.__version__


def test_the_environment_keeps_to_the_threads_and_the_cpu(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "64"})
    devices.prepare(threads=2, gpu=False)
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_a_gpu_that_the_scheduler_chose_stays_chosen(monkeypatch):
    monkeypatch.setattr(os, "environ", {"CUDA_VISIBLE_DEVICES": "3", "KERAS_BACKEND": "jax"})
    devices.prepare(threads=1, gpu=True)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert os.environ["KERAS_BACKEND"] == "jax"


PREPARED = """
import sys
from lookbook.runtime import devices

loaded = lambda: sorted({name.partition(".")[0] for name in sys.modules} & {"keras", "tensorflow", *devices.UNUSED})
print(loaded())
devices.prepare(1, False)
print(loaded())
import matplotlib, pandas, scipy.stats, sklearn.metrics
assert pandas.Series([1, 2]).mean() == scipy.stats.tmean([1, 2]) == 1.5
print(loaded())
"""


def test_preparing_imports_keras_without_the_packages_that_no_trial_uses_and_leaves_them_to_others():
    command = [sys.executable, "-c", PREPARED]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.splitlines() == [
        "[]",
        "['keras', 'tensorflow']",
        "['keras', 'matplotlib', 'pandas', 'scipy', 'sklearn', 'tensorflow']",
    ]


def test_preparing_leaves_what_is_imported_already(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setitem(sys.modules, "pandas", pandas := object())
    before = set(sys.modules)
    devices.prepare(threads=1, gpu=False)
    assert sys.modules["pandas"] is pandas
    assert set(sys.modules) == before


def test_a_keras_that_cannot_be_imported_blocks_no_other_package(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError):
        devices.prepare(threads=1, gpu=False)
    assert all(sys.modules.get(name, name) is not None for name in devices.UNUSED)
