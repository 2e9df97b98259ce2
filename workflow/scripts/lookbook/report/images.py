"""What the images of a benchmark are: its data sets, and the contact sheets of its augmentations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lookbook.report.experiment import existing

FIGURES = {"class_counts": "Images per class", "image_sizes": "Original sizes of the images"}
# How many skipped images are named for each reason; the manifest names all.
NAMED = 3


def read_datasets(names: Iterable[str], root: Path | None, figures: Path) -> dict[str, dict[str, Any]]:
    """Return name to what ``<root>/<name>/manifest.json`` says of a data set, for those that are there.

    Returns:
        ``name``, ``source``, ``classes``, ``class_counts``, ``shape``, ``counts``; ``submission``, the number of
        images without labels; ``skipped``, how many images were left out, and ``reasons``, each with its number and
        the first names; ``figures``, title and path each.
    """
    datasets = {}
    for name in sorted(names):
        path = None if root is None else existing(root / name / "manifest.json")
        if path is None:
            continue
        manifest = json.loads(path.read_text(encoding="utf-8"))
        submission = manifest.get("submission") or {}
        skipped = [*(manifest.get("skipped") or []), *(submission.get("skipped") or [])]
        datasets[name] = {
            "name": name,
            "source": manifest["source"],
            "classes": manifest["classes"],
            "class_counts": manifest["class_counts"],
            "shape": manifest["shape"],
            "counts": manifest["counts"],
            "submission": len(submission.get("names") or []),
            "skipped": len(skipped),
            "reasons": group_by_reason(skipped),
            "figures": [
                {"title": title, "path": drawn}
                for stem, title in FIGURES.items()
                if (drawn := existing(figures / "datasets" / name / f"{stem}.svg")) is not None
            ],
        }
    return datasets


def group_by_reason(skipped: Iterable[dict[str, str]]) -> list[dict[str, Any]]:
    """Return each reason once, with the number of images and the first names, the most frequent first."""
    groups: dict[str, list[str]] = {}
    for image in skipped:
        groups.setdefault(image["reason"], []).append(image["name"])
    reasons = [{"reason": reason, "n": len(names), "names": names[:NAMED]} for reason, names in groups.items()]
    return sorted(reasons, key=lambda reason: -reason["n"])


def contact_sheets(folder: Path) -> list[dict[str, Any]]:
    """Return title and path of every contact sheet; those of the offline copies come last."""
    paths = sorted(folder.glob("*.svg"), key=lambda path: (path.stem.startswith("offline_"), path.stem))
    return [{"title": title(path.stem), "path": path} for path in paths]


def title(stem: str) -> str:
    """Return a contact sheet's file name in words."""
    offline = stem.removeprefix("offline_")
    return offline.replace("_", " ") + (" (offline copies)" if offline != stem else "")
