"""history.csv: one row per epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookbook.files import write_text
from lookbook.results.reading import reading

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("epoch", "step", "learning_rate", "seconds"),
    *("train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "test_loss", "test_accuracy"),
)


def write_history(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one row per epoch; cells of splits that were not evaluated stay empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_history(path: Path) -> pd.DataFrame:
    """Return the rows with the epoch as index; values that are not finite become missing.

    Raises:
        ResultError: the file is missing or damaged.
    """
    # Training imports this module, and pandas costs it half a second.
    import numpy as np
    import pandas as pd

    with reading(path):
        return pd.read_csv(path).set_index("epoch").replace([np.inf, -np.inf], np.nan)
