"""Test a saved model on a prepared data set: every metric that trials are reported with."""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from lookbook.config.signatures import registered
from lookbook.errors import DatasetError

EXAMPLE = "example: evaluate_model.py my/exp104/model.keras --dataset resources/datasets/fashion_mnist"


def main() -> None:
    """Print one JSON object about the model that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument(
        "model", type=Path, help="a model.keras that train_trial.py wrote, or any that takes raw pixels"
    )
    parser.add_argument("--dataset", type=Path, required=True, help="prepared data set (resources/datasets/<name>)")
    parser.add_argument("--split", choices=["train", "test"], default="test", help="which images (test)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    arguments = parser.parse_args()

    from lookbook.datasets.arrays import load
    from lookbook.runtime import devices

    data = load(arguments.dataset)
    devices.prepare(arguments.threads, gpu=False)
    devices.limit_threads(arguments.threads)
    import keras
    import numpy as np

    from lookbook.evaluation.metrics import split_metrics
    from lookbook.results.trial import log_softmax

    # A network with layers of its own loads where they are known.
    for name in registered("models"):
        import_module(f"lookbook.models.{name}")
    try:
        model = keras.models.load_model(arguments.model, compile=False)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {arguments.model}: not a model that Keras can load: {error}")
    images = data.train_images if arguments.split == "train" else data.test_images
    labels = data.train_labels if arguments.split == "train" else data.test_labels
    log_probabilities = log_softmax(model.predict(np.asarray(images, np.float32), batch_size=500, verbose=0))
    log_likelihood = log_probabilities[np.arange(len(labels)), labels]
    predicted = log_probabilities.argmax(axis=1)
    metrics = split_metrics(
        np.exp(log_probabilities), labels, predicted, log_likelihood, penalty=sum(map(float, model.losses))
    )
    print(json.dumps({"model": str(arguments.model), "split": arguments.split, **metrics}, indent=2))


if __name__ == "__main__":
    try:
        main()
    except DatasetError as error:
        sys.exit(f"error: {error}")
