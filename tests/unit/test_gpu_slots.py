"""Jobs that share devices: never more than there are slots, none left out, none lost with a holder that is killed."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from lookbook.runtime import devices
from lookbook.runtime.gpu_slots import take_slot

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
# Takes a slot, notes when it begins and ends to use the device, and ends.
JOB = """
import sys, time
from pathlib import Path
from lookbook.runtime import gpu_slots

gpu_slots.POLL_SECONDS = 0.01
folder, names, count, seconds = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]), float(sys.argv[4])
device = gpu_slots.take_slot(names, count, folder)
print(device, time.monotonic(), flush=True)
time.sleep(seconds)
print(device, time.monotonic(), flush=True)
"""


def start(folder: Path, names: str, count: int, seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", JOB, str(folder), names, str(count), str(seconds)]
    return subprocess.Popen(command, cwd=SCRIPTS, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("names", "count"), [("0,1", 1), ("0", 3)])
def test_six_jobs_never_hold_more_than_the_slots_and_all_end(names, count, tmp_path):
    jobs = [start(tmp_path, names, count, 0.3) for _ in range(6)]
    uses = []
    for job in jobs:
        output, _ = job.communicate(timeout=60)
        assert job.returncode == 0
        begun, ended = (line.split() for line in output.splitlines())
        assert begun[0] == ended[0]
        uses.append((begun[0], float(begun[1]), float(ended[1])))
    assert Counter(device for device, _, _ in uses).keys() == set(names.split(","))
    most = 0
    for device, begun, _ in uses:
        # At the moment at which a job begins, itself included.
        held = sum(d == device and b <= begun < e for d, b, e in uses)
        assert held <= count
        most = max(most, held)
    assert most == count


def test_a_killed_holder_frees_its_slot(tmp_path):
    holder = start(tmp_path, "0", 1, 600)
    assert holder.stdout.readline().startswith("0 ")
    waiting = start(tmp_path, "0", 1, 0)
    time.sleep(0.5)
    assert waiting.poll() is None
    holder.kill()
    holder.wait()
    output, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert output.startswith("0 ")


@pytest.mark.parametrize(("names", "count"), [([], 1), (["0"], 0)])
def test_without_a_device_or_slot_an_error_is_raised(names, count, tmp_path):
    with pytest.raises(ValueError, match="no room"):
        take_slot(names, count, tmp_path)


def test_of_several_devices_a_trial_takes_one_and_leaves_room_beside_it(monkeypatch):
    environment = {"CUDA_VISIBLE_DEVICES": "4,7"}
    monkeypatch.setattr(devices.os, "environ", environment)
    monkeypatch.setattr(devices, "take_slot", lambda names, slots: f"{names[1]}")
    devices._choose_gpu(3)
    assert environment["CUDA_VISIBLE_DEVICES"] == "7"
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert environment["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_the_one_device_that_a_scheduler_names_is_taken_as_it_is(monkeypatch):
    environment = {"CUDA_VISIBLE_DEVICES": "GPU-8f"}
    monkeypatch.setattr(devices.os, "environ", environment)
    monkeypatch.setattr(devices, "take_slot", lambda *_: pytest.fail("shared out again"))
    devices._choose_gpu(1)
    assert environment == {"CUDA_VISIBLE_DEVICES": "GPU-8f"}
