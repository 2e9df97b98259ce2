"""The network of highest accuracy."""

from collections.abc import Iterable

import pandas as pd


def best_network(summary: pd.DataFrame, names: Iterable[str]) -> str | None:
    """Return the one of these experiments with the highest mean test accuracy, the first of equal ones, or None."""
    accuracies = summary.set_index("experiment")["test_accuracy_mean"].reindex(list(names)).dropna()
    return None if accuracies.empty else str(accuracies.idxmax())
