"""The state of a trial between two epochs, in one file that is either whole or absent.

It lies outside the outputs that Snakemake knows, because Snakemake deletes the outputs of a job that was killed.
"""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.datasets.arrays import replacing

# Groups of arrays in a checkpoint, each a list in the order of the variables it came from.
Groups = dict[str, list[np.ndarray]]


def save(path: Path, identity: str, groups: Groups, state: dict[str, Any]) -> None:
    """Write a checkpoint, replacing the one before only when it is complete.

    Args:
        path: the file, ending in ``.npz``.
        identity: what the trial is; another trial's checkpoint is not its own.
        groups: arrays of any dtype by group.
        state: plain JSON values, such as the epochs done.
    """
    arrays = {f"{group}/{i}": array for group, items in groups.items() for i, array in enumerate(items)}
    header = json.dumps({"identity": identity, "state": state, "sizes": {g: len(i) for g, i in groups.items()}})
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, header=np.frombuffer(header.encode(), np.uint8), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        os.fsync(file.fileno())


def load(path: Path, identity: str) -> tuple[Groups, dict[str, Any]] | None:
    """Return the arrays and the state of a checkpoint; None where there is none of this identity, or a damaged one."""
    try:
        with np.load(path) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if header["identity"] != identity:
                return None
            groups = {g: [arrays[f"{g}/{i}"] for i in range(n)] for g, n in header["sizes"].items()}
            return groups, header["state"]
    except Exception:
        # A damaged archive raises whatever its damaged bytes lead to; then the trial starts again.
        return None
