"""A SLURM of two nodes on this machine, each with a stand-in GPU, without accounting."""

import os
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "scontrol", "sbatch", "squeue")
NODES = ("n1", "n2")


def unavailable() -> str | None:
    """Return why no cluster can be started here, or None."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"not installed: {', '.join(missing)}"
    return None if os.geteuid() == 0 else "slurmctld runs as root here"


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Start a cluster and yield the environment variables of its clients; its processes end with the block."""
    folder.mkdir()
    (folder / "state").mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
    (folder / "slurm.conf").write_text(_configuration(folder))
    # The plugin removes SLURM_CONF from the environment of srun, which a cluster installed in /etc does not need.
    (folder / "bin").mkdir()
    srun = folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    files = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
    commands = [["munged", "--foreground", "--force", *files, f"--socket={folder}/munge.sock"], ["slurmctld", "-D"]]
    commands += [["slurmd", "-D", "-N", node] for node in NODES]
    started: list[subprocess.Popen] = []
    try:
        for number, command in enumerate(commands):
            with (folder / f"{number}.log").open("w") as log:
                process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
            started.append(process)
            time.sleep(1)
        _wait_for_nodes(environment)
        yield environment
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)


def call(environment: dict[str, str], *command: str) -> str:
    """Run a command of SLURM and return its output."""
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stdout


def running(environment: dict[str, str], rule: str) -> dict[str, str]:
    """Return the comment of each running job of a rule, by the job's number."""
    lines = call(environment, "squeue", "--noheader", "--states=running", "--format=%i|%k").splitlines()
    jobs = dict(line.split("|", 1) for line in lines)
    return {number: comment for number, comment in jobs.items() if rule in comment}


def _wait_for_nodes(environment: dict[str, str]) -> None:
    limit = time.monotonic() + 60
    while call(environment, "sinfo", "--noheader", "--format=%T %D").split() != ["idle", str(len(NODES))]:
        assert time.monotonic() < limit, call(environment, "sinfo", "--Node", "--long")
        time.sleep(0.5)


def _configuration(folder: Path) -> str:
    host, ports = platform.node(), _free_ports(len(NODES) + 1)
    nodes = [
        f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=9000 Gres=gpu:1"
        for node, port in zip(NODES, ports[1:], strict=True)
    ]
    settings = {
        "ClusterName": "lookbook",
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": ports[0],
        "SlurmUser": "root",
        "AuthInfo": f"socket={folder}/munge.sock",
        "StateSaveLocation": folder / "state",
        "SlurmdSpoolDir": f"{folder}/spool-%n",
        "SlurmctldPidFile": folder / "slurmctld.pid",
        "SlurmdPidFile": f"{folder}/slurmd-%n.pid",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core_Memory",
        "GresTypes": "gpu",
        "AccountingStorageType": "accounting_storage/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "SwitchType": "switch/none",
        "MpiDefault": "none",
        "ReturnToService": 2,
        "MinJobAge": 600,
        "SchedulerParameters": "sched_interval=2",
    }
    lines = [*(f"{name}={value}" for name, value in settings.items()), *nodes]
    return "\n".join([*lines, f"PartitionName=main Nodes={','.join(NODES)} Default=YES MaxTime=INFINITE State=UP", ""])


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
