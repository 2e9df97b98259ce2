"""A trial asks for a GPU where the configuration says so or, if it leaves that open, where a GPU can be used."""

import pytest

from lookbook import hardware


@pytest.mark.parametrize(
    ("setting", "cpu_build", "gpus", "expected"),
    [("auto", False, 2, 1), ("auto", False, 0, 0), ("auto", True, 2, 0), (0, False, 2, 0), (1, True, 0, 1)],
)
def test_gpus_that_a_trial_asks_for(setting, cpu_build, gpus, expected, monkeypatch):
    monkeypatch.setattr(hardware, "is_cpu_build", lambda: cpu_build)
    monkeypatch.setattr(hardware, "visible_gpus", lambda: gpus)
    assert hardware.gpus_to_request(setting) == expected


@pytest.mark.parametrize(("visible", "expected"), [("0,3", 2), ("", 0), ("-1", 0), ("GPU-1f2e", 1)])
def test_only_visible_gpus_count(visible, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    hardware.visible_gpus.cache_clear()
    assert hardware.visible_gpus() == expected
    hardware.visible_gpus.cache_clear()
