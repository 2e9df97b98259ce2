"""Evaluate a saved model on a prepared dataset: every metric that trials are reported with, and those of each class.

examples:
  evaluate_model.py my/exp104/model.keras
  evaluate_model.py other.keras --manifest resources/datasets/fashion_mnist/manifest.json
"""

import json

from lookbook.command_line import exits_with_message, new_parser, path, positive_number
from lookbook.config.validation import check, schema

TRANSFORMS = schema("experiment")["properties"]["evaluation"]["properties"]["average_over"]


@exits_with_message
def main() -> None:
    """Print the metrics of the model."""
    parser = new_parser(__doc__)
    parser.add_argument("model", type=path, help="a saved Keras model that takes pixels from 0 to 255, returns logits")
    parser.add_argument(
        "--manifest", type=path, help="manifest.json of a prepared dataset (that of trial.json beside the model)"
    )
    parser.add_argument(
        "--split", choices=["train", "test"], help="which images (test; train if the test images have no labels)"
    )
    outputs = parser.add_mutually_exclusive_group()
    outputs.add_argument(
        "--one-vs-all", metavar="CLASS", help="name or number of the class of a one-vs-all model (as in trial.json)"
    )
    outputs.add_argument(
        "--classes", type=positive_number, metavar="N", help="the model has the N largest classes (as in trial.json)"
    )
    parser.add_argument(
        "--average-over",
        nargs="+",
        metavar="TRANSFORM",
        help="transforms of an image over which to average the probabilities: "
        f"{', '.join(TRANSFORMS['items']['enum'])} (as in trial.json)",
    )
    parser.add_argument("--threads", type=positive_number, default=1, help="CPU threads (1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    arguments = parser.parse_args()
    if arguments.average_over:
        check("--average-over", arguments.average_over, TRANSFORMS)

    # Imported here so that --help does not load a training backend.
    from lookbook.datasets.arrays import load
    from lookbook.runtime import devices
    from lookbook.runtime.saved_models import as_text, evaluate_model, manifest_of, outputs_of

    data = load(arguments.manifest or manifest_of(arguments.model))
    stated = outputs_of(arguments.model, data, arguments.one_vs_all, arguments.classes)
    devices.prepare(arguments.threads, gpu=False)
    devices.limit_threads(arguments.threads)
    evaluated = evaluate_model(arguments.model, data, arguments.split, stated, arguments.average_over)
    print(json.dumps(evaluated, indent=2) if arguments.json else as_text(evaluated))


if __name__ == "__main__":
    main()
