"""A fabricated benchmark that has every section of the report, for test_report_sections.py."""

import itertools
import json
from pathlib import Path

import pandas as pd

from lookbook.report.context import build_context
from lookbook.report.rendering import render
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import COLUMNS

TEMPLATES = Path(__file__).parents[2] / "reports" / "templates"
STYLE = "<style>@media (prefers-color-scheme: dark){svg.lookbook{fill:white}}</style>"
SVG = f'<svg class="lookbook" width="9">{STYLE}<g id="figure_1"/><use xlink:href="#figure_1"/></svg>'
REMEDY = "The images of the competition are not here: set data.simpsons.path."
FACTORS = ("one_cycle", "averaging")
PUBLISHED = {
    ("network", "test_accuracy"): {"mean": 0.94, "std": float("nan"), "trials": 1},
    ("absent_a", "valid_accuracy"): {"mean": 0.95, "std": float("nan"), "trials": 1},
}


def entry(name, document, trials, **more):
    """Return an experiment's entry in experiments.json."""
    return {
        "title": f"what {name} is",
        "document": document,
        "source": f"a page about {document} & more",
        "note": None,
        "base": None,
        "changes": [],
        "dataset": "fashion_mnist",
        "trials": trials,
        "parameters": 1000,
        "digest": "d1",
        "spec": {"model": name},
        "budget": f"{trials} trials of 2 epochs on 500 training images of {name}",
        "unavailable": None,
        "figures": [],
        "factorial": None,
        "ensemble": None,
    } | more


def experiments():
    """Return the entries of a benchmark that has every section."""
    cells = {}
    for on in itertools.product([False, True], repeat=2):
        name = "cell_" + "".join(str(int(value)) for value in on)
        factorial = {"study": "two factors", "factors": dict(zip(FACTORS, on, strict=True))}
        cells[name] = entry(name, "zoo", 2, factorial=factorial)
    return {
        "network": entry("network", "zoo", 3),
        "network_seeds": entry("network_seeds", "zoo", 4, base="network", spec={"model": "network"}),
        "single": entry("single", "zoo", 1, base="network", changes=[{"key": "a", "from": 1, "to": 2}]),
        "range_test": entry("range_test", "zoo", 1, figures=["learning_rate_range"]),
        **{f"class_{c}": entry(f"class_{c}", "zoo", 1, base="network", ensemble="all_classes") for c in range(3)},
        **cells,
        "leaky": entry("leaky", "simpsons", 2, dataset="generated", figures=["confusion_matrix"]),
        "clean": entry("clean", "simpsons", 2, dataset="generated"),
        **{name: entry(name, "simpsons", 0, unavailable=REMEDY) for name in ("absent_a", "absent_b")},
    }


def trial(name, number):
    """Return one row of trials.csv."""
    accuracy = {"range_test": 0.1234, "class_0": 0.99}.get(name, 0.9) + 0.01 * number
    row = {"experiment": name, "trial": number, "seed": number, "status": "ok", "seconds": 9.0, "epochs": 2}
    split = "valid" if name in ("leaky", "clean") else "test"
    for metric in ("accuracy", "loss", "cross_entropy", "macro_f1", "balanced_accuracy"):
        row[f"{split}_{metric}"] = accuracy
    if split == "valid":
        row |= {"valid_copies_in_train": 40 * (name == "leaky"), "valid_accuracy_without_copies": accuracy - 0.2}
    return row


def ensembles(entries):
    """Return ensembles.csv: more than one finished trial makes an ensemble."""
    rows = []
    for name, found in entries.items():
        row = {"experiment": name, "kind": "seeds", "split": "test", "members": found["trials"]}
        if found["trials"] > 1 and found["document"] == "zoo":
            row |= {"accuracy": 0.9311, "mean_member_accuracy": 0.91, "gain": 0.0211, "disagreement": 0.0777}
        else:
            row["note"] = "one finished trial" if found["trials"] == 1 else "each trial validates on other images"
        rows.append(row)
    rows.append({"experiment": "all_classes", "kind": "one_vs_all", "split": "test", "members": 3, "accuracy": 0.9222})
    columns = ["cross_entropy", "macro_f1", *rows[0], "note"]
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*rows[0], *rows[-1], *columns])))


def factorial():
    """Return factorial.csv of the one study."""
    effects = {"one_cycle": 0.0123, "averaging": -0.0045, "one_cycle:averaging": 0.0001}
    return pd.DataFrame(
        {
            "study": "two factors",
            "metric": metric,
            "term": term,
            "order": term.count(":") + 1,
            "effect": effect,
            "ci_low": effect - 0.01,
            "ci_high": effect + 0.01,
            "p": 0.1,
            "p_adjusted": 0.25,
            "n": 8,
            "note": None,
        }
        for metric in ("test_accuracy", "test_loss")
        for term, effect in effects.items()
    )


def write_files(root):
    """Write figures, metrics, manifests and a submission."""
    figures = [
        "published",
        *("range/range_test", "range/single"),
        *(f"learning_curves/{name}" for name in ("network", "single", "range_test")),
        *(
            f"{folder}/confusion_matrix"
            for folder in ("best", "predictions/network", "predictions/leaky", "predictions/clean")
        ),
        *(f"contact_sheets/{name}" for name in ("zoom", "offline_blur", "blur")),
        "datasets/generated/class_counts",
    ]
    for name in figures:
        path = root / "figures" / f"{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<?xml?>{SVG}")
    (root / "figures/best/best.json").write_text('{"experiment": "network"}')
    for number, recall in enumerate((0.5, 0.7, None)):
        path = root / f"trials/network/{number}/metrics.json"
        path.parent.mkdir(parents=True)
        classes = {"precision": [1.0, 0.25], "recall": [recall, 0.5], "f1": [0.8, 0.4], "support": [1234, 10]}
        path.write_text(json.dumps({"splits": {"test": {"per_class": classes}}}))
    skipped = [{"name": f"homer/{number}.jpg", "reason": "truncated <file>"} for number in range(5)]
    skipped.append({"name": "bart/0.jpg", "reason": "animated"})
    counts = {"train": 1216, "test": 0}
    for name, more in {"fashion_mnist": {}, "generated": {"skipped": skipped}}.items():
        manifest = {"source": "a mirror", "classes": ["boot", "bag"], "shape": [28, 28, 1]}
        manifest |= {"counts": counts, "class_counts": {"train": [608, 608]}}
        path = root / "datasets" / name / "manifest.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(manifest | more))
    (root / "submissions").mkdir()
    (root / "submissions" / "leaky.csv").write_text("Id,Expected\n")


def build(root, *, comparable=True, keep=lambda name: True, edit=lambda context: None):
    """Render both reports of the benchmark and return them, HTML first."""
    entries = {name: found for name, found in experiments().items() if keep(name)}
    rows = [trial(name, number) for name, found in entries.items() for number in range(found["trials"])]
    trials = pd.DataFrame(rows, columns=list(COLUMNS))
    benchmark = {
        "profile": {"name": "quick", "comparable": comparable, "note": ""},
        "provenance": {},
        "experiments": entries,
    }
    write_files(root)
    context = build_context(
        benchmark,
        trials,
        summarise(trials, list(entries), PUBLISHED, comparable=comparable),
        compare_with_bases(trials, entries),
        figures=root / "figures",
        log_pattern="logs/{experiment}/{trial}.log",
        ensembles=ensembles(entries),
        factorial=factorial(),
        scores={"absent_a": 0.932},
        trials_root=root / "trials",
        datasets_root=root / "datasets",
        submissions_root=root / "submissions",
    )
    edit(context)
    for suffix in ("html", "md"):
        render(context, TEMPLATES, f"report.{suffix}.j2", root / "report" / f"report.{suffix}")
    return (root / "report" / "report.html").read_text(), (root / "report" / "report.md").read_text()
