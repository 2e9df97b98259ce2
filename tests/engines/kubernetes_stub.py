"""The part of a Kubernetes API server that Snakemake uses. It records the jobs and runs each on this machine.

A container becomes a process in an empty folder, with no environment but its own, so it has only the files that it
fetches. Images, limits, volumes and the scheduling on nodes are recorded and otherwise ignored.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml


class Cluster:
    """What the server was given, and the processes of its jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, subprocess.Popen] = {}
        self.requests: list[str] = []
        # The plugins are installed already: pip, which each job calls for them, has nothing to do.
        pip = folder / "bin" / "pip"
        pip.parent.mkdir(parents=True)
        pip.write_text("#!/bin/sh\n")
        pip.chmod(0o755)

    def container(self, name: str) -> dict[str, Any]:
        """Return the only container of a job."""
        (container,) = self.jobs[name]["spec"]["template"]["spec"]["containers"]
        return container

    def jobs_of(self, rule: str) -> list[str]:
        """Return the names of a rule's jobs, in the order of their submission."""
        return [name for name in list(self.jobs) if f"--allowed-rules {rule} " in self.container(name)["args"][1]]

    def start(self, job: dict[str, Any]) -> None:
        """Record a job and run its container."""
        name = job["metadata"]["name"]
        self.jobs[name] = job
        container, secrets = self.container(name), self.secrets
        environment = {
            "PATH": f"{self.folder}/bin:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.folder),
        }
        for variable in container["env"]:
            source = variable["valueFrom"]["secretKeyRef"]
            encoded = secrets[source["name"]]["data"][source["key"]]
            environment[variable["name"]] = base64.b64decode(encoded).decode()
        node = self.folder / name
        node.mkdir()
        with (self.folder / f"{name}.log").open("w") as log:
            command = [*container["command"], *container["args"]]
            self.processes[name] = subprocess.Popen(
                command, cwd=node, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def lose(self, name: str) -> None:
        """End a job as the loss of its node does: its processes and files are gone."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()
        shutil.rmtree(self.folder / name)

    def status(self, name: str) -> dict[str, int]:
        """Return how often a job is active, has succeeded or has failed."""
        code = self.processes[name].poll()
        return {"active": 1} if code is None else {"failed": 1} if code else {"succeeded": 1}

    def output(self) -> str:
        """Return what the containers wrote."""
        return "\n".join(f"{path.name}:\n{path.read_text()}" for path in self.folder.glob("*.log"))


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    """Start a server; yield what it records and the path of a kubeconfig. Its processes end with the block."""
    found = Cluster(folder)

    class Handler(BaseHTTPRequestHandler):
        def answer(self, content: dict[str, Any], code: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def content(self) -> dict[str, Any]:
            found.requests.append(f"{self.command} {self.path}")
            return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")

        def do_POST(self) -> None:
            content = self.content()
            if self.path.endswith("/secrets"):
                found.secrets[content["metadata"]["name"]] = content
            else:
                found.start(content)
            self.answer(content, 201)

        def do_GET(self) -> None:
            self.content()
            kind, _, name = self.path.removesuffix("/status").rpartition("/")
            if kind.endswith("/jobs"):
                self.answer(found.jobs[name] | {"status": found.status(name)})
            else:
                self.answer({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []})

        def do_DELETE(self) -> None:
            self.content()
            self.answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name, port = "stub", server.server_address[1]
    configuration = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(configuration))
    try:
        yield found, path
    finally:
        for process in found.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        server.shutdown()
        server.server_close()
