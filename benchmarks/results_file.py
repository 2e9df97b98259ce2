"""Results of the benchmarks: one Markdown file for each machine with a section for each benchmark, and checkpoints."""

import json
import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from lookbook.files import write_text

# gpu.sh sets the variable, on a machine from which a folder of results is copied.
RESULTS = Path(os.environ.get("LOOKBOOK_BENCHMARK_RESULTS", Path(__file__).parent / "results"))


class Checkpoint(dict[str, Any]):
    """Measurements by key, as JSON values in a file that is written after each of them, to resume from."""

    def __init__(self, path: Path | None) -> None:
        """Read the measurements of a file; without a path nothing is saved."""
        super().__init__(json.loads(path.read_text()) if path and path.exists() else {})
        self._path, self._lock = path, Lock()

    def __setitem__(self, key: str, value: Any) -> None:
        """Add a value and replace the file in one step."""
        with self._lock:
            super().__setitem__(key, value)
            if self._path:
                write_text(self._path, json.dumps(self))


def slug(text: str) -> str:
    """Return a text as a file name: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def hardware(device: str) -> str:
    """Return the name of this machine: its GPU, or its processor and the number of cores.

    Args:
        device: the description from ``lookbook.runtime.devices.facts``.
    """
    kind, _, name = device.partition(": ")
    if kind == "gpu":
        return name
    return f"{name.split(',')[0]}, {len(os.sched_getaffinity(0))} cores"


def provenance(versions: dict[str, str]) -> str:
    """Return a line with the date, command, commit and versions of a measurement."""
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    script = Path(sys.argv[0])
    command = shlex.join(["python", f"{script.parent.name}/{script.name}", *sys.argv[1:]])
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    commit = found.stdout.strip() or "an unknown commit"
    return f"Measured {datetime.now(UTC):%Y-%m-%d} with `{command}` at {commit}; {told}; {platform.platform()}."


def write_section(machine: str, title: str, text: str, folder: Path = RESULTS) -> Path:
    """Write a section of a machine's results; it replaces the section of the same title or follows the others.

    Args:
        machine: the title of the file, from which the file's name follows.
        title: the title of the section.
        text: Markdown.
        folder: the folder of the file.

    Returns:
        the path of the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug(machine)}.md"
    old = path.read_text() if path.exists() else f"# {machine}\n"
    head, *parts = re.split(r"^(?=## )", old, flags=re.MULTILINE)
    sections = {part.splitlines()[0][3:]: part for part in parts}
    sections[title] = f"## {title}\n\n{text.strip()}\n"
    path.write_text("\n".join(section.strip() + "\n" for section in [head, *sections.values()]))
    return path


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
