"""model.keras: the evaluated network, which plain Keras loads."""

from pathlib import Path
from typing import Any

from lookbook.files import replacing, write_bytes


def write_model(path: Path, model: Any | None) -> None:
    """Save a ``keras.Model``; None, of a trial that failed, writes an empty file, since Snakemake expects one."""
    if model is None:
        write_bytes(path, b"")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        model.save(temporary)
