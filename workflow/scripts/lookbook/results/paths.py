"""Where a benchmark keeps its result files.

Rules declare these paths and scripts open them. A job of many trials is given ``experiments.json`` alone, since
thousands of paths do not fit on a command line; the other paths follow from the folder that holds it, which Snakemake
reproduces where jobs share no file system.
"""

TRIAL_FILES = ("trial.json", "history.csv", "model.keras", "predictions.npz")
PREDICTION_FIGURES = ("confusion_matrix", "precision_recall", "wrong_predictions")
DATASET_FIGURES = ("class_counts", "image_sizes")
REFERENCE_FILES = ("summary.csv", "claims.csv", "trials.csv")


def trial_file(results: object, experiment: str, trial: object, name: str) -> str:
    """Return the path of one file of a trial, such as ``results/trials/exp104/0/trial.json``."""
    return f"{results}/trials/{experiment}/{trial}/{name}"


def figure_file(results: object, *parts: str) -> str:
    """Return the path of a figure: ``figure_file("results", "learning_curves", "exp104")`` and the like."""
    return f"{results}/figures/{'/'.join(parts)}.svg"
