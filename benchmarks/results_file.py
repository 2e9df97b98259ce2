"""The file of a machine's results: Markdown, one section for each benchmark, which replaces its own section only.

And what a benchmark that is cut off goes on from.
"""

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

from lookbook.datasets.arrays import replacing

# gpu.sh says where, on a machine whose files are copied back.
RESULTS = Path(os.environ.get("LOOKBOOK_BENCHMARK_RESULTS", Path(__file__).parent / "results"))


class Checkpoint(dict[str, Any]):
    """What is measured so far, by what it is of: JSON values, kept in a file that is written after each of them."""

    def __init__(self, path: Path | None) -> None:
        """Take up what a file has; without a path nothing is kept."""
        super().__init__(json.loads(path.read_text()) if path and path.exists() else {})
        self._path, self._lock = path, Lock()

    def __setitem__(self, key: str, value: Any) -> None:
        """Add a value and write the file, which is whole at any time."""
        with self._lock:
            super().__setitem__(key, value)
            if self._path:
                with replacing(self._path) as partial:
                    partial.write_text(json.dumps(self))


def slug(text: str) -> str:
    """Return a text as a file's name: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def hardware(device: str) -> str:
    """Return what names this machine: its GPU, or its processor and the number of its cores.

    Args:
        device: as ``lookbook.runtime.devices.describe`` tells it.
    """
    kind, _, name = device.partition(": ")
    if kind == "gpu":
        return name
    return f"{name.split(',')[0]}, {len(os.sched_getaffinity(0))} cores"


def provenance(versions: dict[str, str]) -> str:
    """Return the line that says when, with which command, source and versions a section was measured."""
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    script = Path(sys.argv[0])
    command = shlex.join(["python", f"{script.parent.name}/{script.name}", *sys.argv[1:]])
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    commit = found.stdout.strip() or "an unknown commit"
    return f"Measured {datetime.now(UTC):%Y-%m-%d} with `{command}` at {commit}; {told}; {platform.platform()}."


def write_section(machine: str, title: str, text: str, folder: Path = RESULTS) -> Path:
    """Write a section of a machine's results in place of the one of the same title, or behind the others.

    Returns:
        The file.
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
