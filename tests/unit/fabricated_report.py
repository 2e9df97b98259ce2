"""A small benchmark that has every section of the report, written through the modules that own the file formats."""

import itertools
import math
import re
from pathlib import Path

import pandas as pd
from fabricated_tables import claims, ensembles, epochs, factorials, histories, stated_claims

from lookbook import files
from lookbook.config.digests import digest
from lookbook.config.selection import arguments_in_use, compared_networks, sheet_names
from lookbook.datasets.arrays import digest_of
from lookbook.files import write_text
from lookbook.report.inputs import TABLES, read_report
from lookbook.report.rendering import render
from lookbook.results.benchmark import read_benchmark, write_benchmark
from lookbook.results.figures import write_best_network, write_figure
from lookbook.results.metrics import write_metrics
from lookbook.results.paths import DATASET_FIGURES, PREDICTION_FIGURES, figure_file
from lookbook.results.reading import write_json
from lookbook.results.submissions import write_submission
from lookbook.results.tables import identity_of, write_table
from lookbook.results.trial import FINISHED, read_trial, trial_identity
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.histories import mean_curves, times_to_accuracy
from lookbook.statistics.published import with_further_protocols
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import COLUMNS

TEMPLATES = Path(__file__).parents[2] / "reports" / "templates"
STYLE = "<style>@media (prefers-color-scheme: dark){[style]{fill:white}}</style>"
SVG = f'<?xml?><svg class="lookbook" width="9">{STYLE}<g id="figure_1"/><use xlink:href="#figure_1"/></svg>'
REMEDY = "The images of the competition are missing: set data.simpsons.path."
FACTORS = ("one_cycle", "averaging")
INCOMPATIBLE = "ValueError: Input 0 of layer 'dense' is incompatible"
# Status and error of the trials that are not ok.
ENDS = {
    ("changed", 7): ("failed", INCOMPATIBLE),
    **{("broken", number): ("out_of_memory", "OOM when allocating tensor") for number in range(2)},
    **{("unstable", number): ("collapsed", None) for number in (1, 2, 5, 8)},
}
SLOWER = [{"key": "optimizer.config.learning_rate", "from": 0.001, "to": 0.0001}]
PUBLISHED = {
    ("network", "test_accuracy"): {"mean": 0.94, "std": math.nan, "min": 0.90, "max": 0.915, "trials": 1},
    ("absent_a", "valid_accuracy"): {"mean": 0.95, "std": math.nan, "min": math.nan, "max": math.nan, "trials": 1},
}


def entry(name, document, trials, **more):
    """Return an experiment's entry in experiments.json."""
    augmentation = [{"class_name": "zoom", "config": {"minimum": 0.9, "maximum": 1.1}}] if name == "single" else []
    spec = {"model": "network" if name == "network_seeds" else name, "one_vs_all": None, "augmentation": augmentation}
    return {
        "title": f"what {name} is",
        "document": document,
        "citation": f"a page about {document} & more",
        "links": {
            f"about {document}": f"https://example.org/{document}?a=1&b=2",
            "a paper": "https://example.org/paper",
        },
        "claim": f"{document} is <best>" if document == "zoo" else None,
        "note": None,
        "base": None,
        "published_as": None,
        "protocol": "text",
        "settings_from": {"model": "text", "optimizer": "code"},
        "changes": [],
        "dataset": "fashion_mnist",
        "trials": trials,
        "trial_digests": [digest([name, number]) for number in range(trials)],
        "digest": "d1",
        "spec": spec | {"sampling": {"classes": None}},
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
        "network_seeds": entry("network_seeds", "zoo", 4, base="network"),
        "single": entry("single", "zoo", 1, base="network", changes=[{"key": "a", "from": 1, "to": 2}]),
        "range_test": entry("range_test", "zoo", 1, figures=["learning_rate_range"]),
        **{f"class_{c}": entry(f"class_{c}", "zoo", 1, base="network", ensemble="all_classes") for c in range(3)},
        **cells,
        "leaky": entry("leaky", "simpsons", 2, dataset="generated", figures=["confusion_matrix"]),
        "clean": entry("clean", "simpsons", 2, dataset="generated"),
        **{name: entry(name, "simpsons", 0, unavailable=REMEDY) for name in ("absent_a", "absent_b")},
        "unstable": entry("unstable", "width", 10),
        "changed": entry("changed", "width", 10, base="unstable", changes=SLOWER),
        "broken": entry("broken", "width", 2),
    }


def trial(name, number, found):
    """Return one row of trials.csv."""
    status, error = ENDS.get((name, number), ("ok", None))
    accuracy = {"range_test": 0.1234, "class_0": 0.99}.get(name, 0.9) + 0.01 * (number % 5)
    row = {"experiment": name, "trial": number, "seed": number, "status": status, "seconds": 9.0}
    row |= {"error": error, "epochs": 1 if name == "single" else 2}
    row |= {"dataset_digest": "d", "identity": trial_identity(found["trial_digests"][number], "d")}
    if status not in FINISHED:
        return row
    split = "valid" if name in ("leaky", "clean") else "test"
    for metric in ("accuracy", "loss", "cross_entropy", "macro_f1", "balanced_accuracy"):
        row[f"{split}_{metric}"] = accuracy
    if split == "valid":
        row |= {"valid_duplicates_in_train": 40 * (name == "leaky")}
        row |= {"valid_accuracy_without_duplicates": accuracy - 0.2}
    return row


def write_tables(root, content):
    """Write experiments.json and the tables, and return trials.csv."""
    write_benchmark(root / "experiments.json", content)
    entries = content["experiments"]
    rows = [trial(name, number, found) for name, found in entries.items() for number in range(found["trials"])]
    trials = pd.DataFrame(rows, columns=list(COLUMNS))
    tables = {
        "trials": trials,
        "summary": summarise(trials, list(entries), with_further_protocols(PUBLISHED, entries), content["profile"]),
        "comparisons": compare_with_bases(trials, entries),
        "epochs": epochs(entries, trials, content["profile"]),
        "claims": claims(content, trials),
        "ensembles": ensembles(entries, trials),
        "factorials": factorials(entries, trials),
        "curves": mean_curves(histories(entries), trials),
        "time_to_accuracy": times_to_accuracy(histories(entries), trials),
    }
    for name, table in tables.items():
        write_table(table, root / f"{name}.csv")
    write_text(root / "published.csv", "experiment,split,metric,mean\nabsent_a,kaggle,score,0.932\n")
    return trials


def write_figures(root, trials):
    """Write the figures and submissions that a benchmark asks for, with the identities of its trials."""
    benchmark = read_benchmark(root / "experiments.json")
    entries = {name: found for name, found in benchmark.experiments.items() if found["trials"]}
    arguments = arguments_in_use(found["spec"] for found in entries.values())
    compared = compared_networks(entries)
    best = identity_of(trials, compared)
    every = identity_of(trials, benchmark.experiments)
    figures = {("published",): every, ("cost",): every}
    for name, found in entries.items():
        identity, asked = identity_of(trials, [name]), set(found["figures"])
        figures["learning_curves", name] = identity
        if "learning_rate_range" in asked:
            figures["learning_rate_range", name] = identity
        if asked & set(PREDICTION_FIGURES):
            figures |= {("predictions", name, figure): identity for figure in PREDICTION_FIGURES}
        if found["dataset"] == "generated":
            figures |= {("datasets", "generated", figure): digest_of(2, [28, 28, 1], {}) for figure in DATASET_FIGURES}
            write_submission(root / "submissions" / f"{name}.csv", {"a.jpg": "homer"}, identity=identity)
    for sheet in {*sheet_names(), *arguments}:
        figures["contact_sheets", sheet] = digest({"sheet": sheet, "arguments": arguments.get(sheet, {})})
    figures |= {("best_network", figure): best for figure in PREDICTION_FIGURES}
    for parts, identity in figures.items():
        write_figure(Path(figure_file(root, *parts)), SVG, identity)
    write_best_network(root / "figures/best_network/best_network.json", next(iter(compared), None), best)


def write_trials(root):
    """Write trial.json and metrics.json of every trial."""
    for planned in read_benchmark(root / "experiments.json").trials():
        facts = {"status": "ok", "identity": trial_identity(planned.spec_digest, "d"), "files": {}}
        write_json(planned.file("trial.json"), facts | {"digests": {"trial_spec": planned.spec_digest}})
        metrics = metrics_of(planned.experiment, planned.trial)
        write_metrics(planned.file("metrics.json"), read_trial(planned), metrics)


def write_manifests(root, classes=("boot", "bag")):
    """Write the manifests of two datasets, one with skipped images, and return their paths."""
    skipped = [{"name": "bart/0.jpg", "reason": "animated"}]
    skipped += [{"name": f"homer/{number}.jpg", "reason": "truncated <file>"} for number in range(5)]
    paths = []
    for name, more in {"fashion_mnist": {}, "generated": {"skipped": skipped}}.items():
        manifest = {"name": name, "source": "a mirror", "classes": classes, "shape": [28, 28, 1], "sha256": {}}
        manifest |= {"counts": {"train": 1216, "test": 0}, "class_counts": {"train": [608, 608], "test": [0, 0]}}
        manifest["digest"] = digest_of(len(classes), manifest["shape"], {})
        paths.append(root / "datasets" / name / "manifest.json")
        files.write_json(paths[-1], manifest | more)
    return paths


def metrics_of(name, number):
    """Return the metrics of one trial: a recall that is missing in the third."""
    classes = {"precision": [1.0, 0.25], "recall": [[0.5, 0.7, None, 0.6][number % 4], 0.5], "f1": [0.8, 0.4]}
    return {"test" if name == "network" else "train": {"per_class": classes | {"support": [1234, 10]}}}


def read(root, manifests, reference=()):
    """Read the report of a folder, with the project's own CITATION.cff."""
    tables = {name: root / f"{name}.csv" for name in TABLES}
    pattern = "logs/{experiment}/{trial}.log"
    more = {"log_pattern": pattern, "reference": reference, "citation": TEMPLATES.parents[1] / "CITATION.cff"}
    return read_report(root / "experiments.json", tables, manifests=manifests, **more)


def render_both(root, manifests, reference=()):
    """Render both reports of a folder and return them, HTML first, without what decides where lines break."""
    paths = [root / "report" / f"report.{suffix}" for suffix in ("html", "md")]
    render(read(root, manifests, reference), TEMPLATES, paths)
    breakable = {ord("\N{NO-BREAK SPACE}"): " ", ord("\N{NON-BREAKING HYPHEN}"): "-"}
    return tuple(path.read_text(encoding="utf-8").replace("<wbr>", "").translate(breakable) for path in paths)


def build(root, names=None, *, comparable=True, edit=lambda content: None, reference=()):
    """Write the named experiments, or all, after a change of experiments.json; return both reports, HTML first."""
    profile = {"name": "quick", "comparable": comparable, "note": "500 training images, 3 epochs, 2 trials"}
    profile["margin"] = {"accuracy": 0.01, "loss": 0.03}
    entries = {name: found for name, found in experiments().items() if names is None or name in names}
    content = {"profile": profile, "provenance": {}, "experiments": entries, "claims": stated_claims(entries)}
    edit(content)
    write_figures(root, write_tables(root, content))
    write_trials(root)
    return render_both(root, write_manifests(root), reference)


def rows_of(page, text):
    """Return the table rows of an HTML page that hold a text, as plain text with cells apart."""
    rows = re.findall(r"<tr>(?:(?!</tr>).)*</tr>", page, re.DOTALL)
    plain = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    return [row for row in plain if text in row]


def between(page, start, end):
    """Return what stands from one text to the next occurrence of another."""
    position = page.index(start)
    return page[position : page.index(end, position + 1)]
