"""Evaluate a saved model on a prepared dataset: every metric that trials are reported with.

example: evaluate_model.py my/exp104/model.keras --manifest resources/datasets/fashion_mnist/manifest.json
"""

import json

from lookbook.command_line import exits_with_message, new_parser, path, positive_number


@exits_with_message
def main() -> None:
    """Print the metrics of the model as one JSON object."""
    parser = new_parser(__doc__, "manifest")
    parser.add_argument("model", type=path, help="a saved Keras model that takes pixels from 0 to 255, returns logits")
    parser.add_argument("--split", choices=["train", "test"], default="test", help="which images (test)")
    parser.add_argument("--threads", type=positive_number, default=1, help="CPU threads (1)")
    arguments = parser.parse_args()

    # Imported here so that --help does not load a training backend.
    import numpy as np

    from lookbook.datasets.arrays import load
    from lookbook.evaluation.metrics import split_metrics
    from lookbook.results.predictions import Predictions, log_softmax
    from lookbook.runtime import devices
    from lookbook.runtime.predict import check_shapes, load_model

    data = load(arguments.manifest)
    images = data.train_images if arguments.split == "train" else data.test_images
    labels = data.train_labels if arguments.split == "train" else data.test_labels
    devices.prepare(arguments.threads, gpu=False)
    devices.limit_threads(arguments.threads)
    model = load_model(arguments.model)
    check_shapes(arguments.model, model, data)
    log_probabilities = log_softmax(model.predict(np.asarray(images, np.float32), batch_size=500, verbose=0))
    rows, penalty = np.arange(len(labels)), sum(map(float, model.losses))
    metrics = split_metrics(
        Predictions(
            arguments.split,
            labels,
            predicted=log_probabilities.argmax(axis=1),
            rows=rows,
            probabilities=np.exp(log_probabilities),
            log_likelihood=log_probabilities[rows, labels],
            penalty=penalty,
        )
    )
    print(json.dumps({"model": str(arguments.model), "split": arguments.split, **metrics}, indent=2))


if __name__ == "__main__":
    main()
