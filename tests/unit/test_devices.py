"""The device of a trial and its description."""

import os
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest

from lookbook.errors import ConfigError
from lookbook.runtime import devices
from lookbook.training.precision import Hardware

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


@pytest.fixture
def cpu_with(monkeypatch):
    """Return a function that simulates a machine with these processor flags and no GPU."""

    def pretend(flags: str) -> None:
        monkeypatch.setattr(devices, "_cpuinfo", {"flags": flags, "model name": "Imagined 3000"}.get)
        monkeypatch.setattr(devices, "_gpu", lambda: None)

    return pretend


@pytest.mark.parametrize("gpu", [None, ("Imagined GPU", 8.6)])
def test_the_hardware_is_that_of_the_backend_and_of_the_processor(gpu, cpu_with, monkeypatch):
    cpu_with("sse avx2")
    monkeypatch.setattr(devices, "_gpu", lambda: gpu)
    assert devices.detect() == Hardware(gpu and 8.6, frozenset({"sse", "avx2"}))


def test_the_description_names_the_processor_and_its_threads(cpu_with, monkeypatch):
    cpu_with("")
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    assert devices.facts(1, gpu=False) == {"device": "cpu: Imagined 3000, 1 thread", "threads": 1, "gpu_missing": False}
    assert devices.facts(4, gpu=True) == {"device": "cpu: Imagined 3000, 4 threads", "threads": 4, "gpu_missing": True}


def test_the_versions_of_all_packages_that_a_result_depends_on():
    found = devices.versions()
    assert found.keys() == {"python", "keras", "tensorflow", "numpy"}
    assert found["keras"] == keras.__version__


def test_a_backend_that_is_not_installed_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: None if name == "jax" else object())
    devices.check_installed("config.yaml: devices: backend", "tensorflow")
    remedy = "run make install LOCK=requirements-jax.lock, or use another backend"
    with pytest.raises(ConfigError, match=f"^config.yaml: devices: backend: jax is not installed; {remedy}$"):
        devices.check_installed("config.yaml: devices: backend", "jax")


def test_the_environment_limits_threads_and_hides_gpus(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "64"})
    devices.prepare(threads=2, gpu=False)
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_the_gpu_chosen_by_the_scheduler_is_kept(monkeypatch):
    monkeypatch.setattr(os, "environ", {"CUDA_VISIBLE_DEVICES": "3", "KERAS_BACKEND": "jax"})
    devices.prepare(threads=3, gpu=True)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    assert os.environ["KERAS_BACKEND"] == "jax"
    assert os.environ["PJRT_NPROC"] == "3"


def test_the_time_of_waiting_for_a_gpu_is_returned(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(devices, "visible_gpus", lambda: ["0", "1"])
    monkeypatch.setattr(devices, "take_slot", lambda *_: time.sleep(0.2) or "1")
    assert 0.2 <= devices.prepare(threads=1, gpu=True, backend="tensorflow") < 10
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
    assert devices.prepare(threads=1, gpu=False, backend="tensorflow") == 0


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


def test_prepare_imports_keras_without_unused_packages_which_can_be_imported_later():
    command = [sys.executable, "-c", PREPARED]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.splitlines() == [
        "[]",
        "['keras', 'tensorflow']",
        "['keras', 'matplotlib', 'pandas', 'scipy', 'sklearn', 'tensorflow']",
    ]


def test_prepare_keeps_packages_that_are_already_imported(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setitem(sys.modules, "pandas", pandas := object())
    before = set(sys.modules)
    devices.prepare(threads=1, gpu=False)
    assert sys.modules["pandas"] is pandas
    assert set(sys.modules) == before


def test_a_failed_import_of_keras_blocks_no_other_package(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError):
        devices.prepare(threads=1, gpu=False)
    assert all(sys.modules.get(name, name) is not None for name in devices.UNUSED)
