"""history.csv: one row per epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookbook.errors import ResultError
from lookbook.files import write_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "epoch",
    "step",
    "learning_rate",
    "seconds",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
)


def write_history(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one row per epoch; without validation images the cells of validation stay empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_history(path: Path) -> pd.DataFrame:
    """Return the rows with the epoch as index; values that are not finite become missing.

    Raises:
        ResultError: the file is damaged.
    """
    # Training imports this module, and pandas costs it half a second.
    import numpy as np
    import pandas as pd

    try:
        return pd.read_csv(path).set_index("epoch").replace([np.inf, -np.inf], np.nan)
    except (ValueError, KeyError) as error:
        raise ResultError(f"{path} is damaged ({error}); train the trial again") from None
