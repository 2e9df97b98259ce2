"""Answer the competition's test images with an experiment's networks: the mean of their probabilities, as CSV."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from lookbook.datasets import arrays
from lookbook.errors import DatasetError
from lookbook.results.submissions import load_submission_images, unread_images, write_submission
from lookbook.sampling.rows import kept_classes

EXAMPLE = """example: write_submission.py --trials-root results/trials --experiment simpsons_c42_n700_b64 --trials 3 \\
      --dataset resources/datasets/simpsons --output submission.csv
Trials that failed are left out; where none finished, the file has its header alone."""
BATCH = 32


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=raw)
    parser.add_argument("--trials-root", type=Path, required=True, help="folder with a folder for each experiment")
    parser.add_argument("--experiment", required=True, help="whose networks answer")
    parser.add_argument("--trials", type=int, required=True, metavar="N", help="of these, the trials 0 to N - 1")
    parser.add_argument("--dataset", type=Path, required=True, help="prepared data set (resources/datasets/<name>)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.csv", help="file to write")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    arguments = parser.parse_args()

    from lookbook.runtime import devices

    devices.prepare(arguments.threads, gpu=False)
    devices.limit_threads(arguments.threads)
    folders = [arguments.trials_root / arguments.experiment / str(trial) for trial in range(arguments.trials)]
    finished = submit(folders, arguments.dataset, arguments.output)
    print(f"{arguments.output}: {arguments.experiment}, {finished} of {arguments.trials} trials", file=sys.stderr)


def submit(folders: Sequence[Path], dataset: Path, output: Path) -> int:
    """Write the submission of the trials in these folders and return how many of them answered.

    Raises:
        DatasetError: the data set has no test images to answer, or the networks do not tell its classes apart.
    """
    from lookbook.statistics.trials import FINISHED

    data, images = arrays.load(dataset), load_submission_images(dataset)
    run = [folder for folder in folders if (folder / "trial.json").is_file()]
    trials = {folder: json.loads((folder / "trial.json").read_text(encoding="utf-8")) for folder in run}
    finished = [folder for folder in run if trials[folder]["status"] in FINISHED]
    output.parent.mkdir(parents=True, exist_ok=True)
    if not finished:
        write_submission(output, [], [])
        return 0
    spec = trials[finished[0]]["spec"]
    kept = kept_classes(spec, data.train_labels)
    importlib.import_module(f"lookbook.models.{spec['model']['class_name']}")  # registers layers of its own
    probabilities = mean_probabilities([folder / "model.keras" for folder in finished], images)
    if spec["one_vs_all"] is not None or probabilities.shape[1] != len(kept):
        raise DatasetError(f"{finished[0]}/model.keras does not tell the {len(kept)} classes of {dataset} apart")
    write_submission(
        output,
        data.manifest["submission"]["names"],
        [data.classes[label] for label in kept[probabilities.argmax(axis=1)]],
        unread=unread_images(data.manifest),
        fallback=data.classes[int(np.bincount(data.train_labels).argmax())],
    )
    return len(finished)


def mean_probabilities(models: Sequence[Path], images: np.ndarray) -> np.ndarray:
    """Return the mean over saved models of the probabilities, float64 (M, C), of uint8 images (M, H, W, 3)."""
    import keras

    from lookbook.results.trial import log_softmax

    starts = range(0, len(images), BATCH)
    probabilities = []
    with tqdm(total=len(models) * len(starts), desc="submit", unit="batch", mininterval=1) as progress:
        for path in models:
            model = keras.models.load_model(path, compile=False)
            model.jit_compile = False  # XLA's convolutions are slow on a CPU
            logits = []
            for start in starts:  # only a batch at a time is read from the disk and turned to float32
                logits.append(model.predict_on_batch(np.asarray(images[start : start + BATCH], np.float32)))
                progress.update()
            probabilities.append(np.exp(log_softmax(np.concatenate(logits))))
    return np.mean(probabilities, axis=0)


if __name__ == "__main__":
    try:
        main()
    except DatasetError as error:
        sys.exit(f"error: {error}")
