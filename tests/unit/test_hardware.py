"""A trial asks for a GPU where the configuration says so or, if it leaves that open, where a GPU can be used."""

import pytest

from lookbook.runtime import hardware


@pytest.mark.parametrize(
    ("setting", "usable", "gpus", "expected"),
    [("auto", True, 2, 1), ("auto", True, 0, 0), ("auto", False, 2, 0), (0, True, 2, 0), (1, False, 0, 1)],
)
def test_number_of_requested_gpus(setting, usable, gpus, expected, monkeypatch):
    monkeypatch.setattr(hardware, "supports_gpus", lambda _: usable)
    monkeypatch.setattr(hardware, "visible_gpus", lambda: [str(n) for n in range(gpus)])
    assert hardware.gpus_to_request(setting) == expected


@pytest.mark.parametrize(
    ("backend", "installed", "expected"),
    [
        ("tensorflow", {"tensorflow-cpu"}, False),
        ("tensorflow", {"tensorflow"}, True),
        ("jax", {"jax", "tensorflow"}, False),
        ("jax", {"jax", "jax-cuda12-plugin"}, True),
    ],
)
def test_installed_builds_that_can_use_gpus(backend, installed, expected, monkeypatch):
    monkeypatch.setattr(hardware, "installed_version", dict.fromkeys(installed, "1.0").get)
    assert hardware.supports_gpus(backend) is expected


@pytest.mark.parametrize(("visible", "expected"), [("", 0), ("-1", 0), ("0", 1), ("2,3", 2), ("GPU-8f,GPU-9a", 2)])
def test_visible_gpus_are_those_of_the_scheduler(visible, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert len(hardware.visible_gpus()) == expected


def test_without_the_driver_there_is_no_gpu(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(hardware.shutil, "which", lambda _: None)
    hardware._installed_gpus.cache_clear()
    assert hardware.visible_gpus() == []
