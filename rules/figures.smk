"""Figures of results, one a file."""

PREDICTIONS = ["confusion_matrix", "precision_recall", "wrong_predictions"]
PREDICTED = with_figure(*PREDICTIONS)
RANGES = with_figure("learning_rate_range")
# A benchmark without augmentation needs no pictures of it.
AUGMENTED = any(
    EXPERIMENTS[name].spec["augmentation"] or EXPERIMENTS[name].spec["copies"] for name in PLAN
)
# Of these the best is shown in detail.
ZOO = [
    name
    for name in PLAN
    if EXPERIMENTS[name].document == "zoo"
    and EXPERIMENTS[name].spec["one_vs_all"] is None
    and name not in RANGES
]


rule plot_learning_curves:
    input:
        get_histories,
    output:
        report(
            expand(f"{RESULTS}/figures/learning_curves/{{experiment}}.svg", experiment=PLAN),
            caption="../reports/captions/learning_curves.rst",
            category="Figures",
            subcategory="Learning curves",
        ),
    log:
        f"{RESULTS}/logs/plot_learning_curves.log",
    conda:
        "../envs/analysis.yaml"
    params:
        # One job for all: importing Matplotlib costs more than drawing.
        plan=canonical(PLAN),
        results=subpath(output[0], ancestor=3),
        source=script_digest("plot_learning_curves.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_learning_curves.py" --trials-root {params.results:q}/trials'
        " --plan {params.plan:q} --output {params.results:q}/figures/learning_curves > {log:q} 2>&1"


rule plot_published:
    input:
        summary=rules.summarise.output.summary,
        experiments=rules.resolve_experiments.output,
    output:
        report(
            f"{RESULTS}/figures/published.svg",
            caption="../reports/captions/published.rst",
            category="Figures",
            labels={"figure": "against the published figures"},
        ),
    log:
        f"{RESULTS}/logs/plot_published.log",
    conda:
        "../envs/analysis.yaml"
    params:
        source=script_digest("plot_published.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_published.py" --summary {input.summary:q} --experiments {input.experiments:q}'
        " --output {output:q} > {log:q} 2>&1"


rule plot_predictions:
    input:
        get_metrics_of_experiment,
        dataset=get_dataset,
    output:
        report(
            expand(
                f"{RESULTS}/figures/predictions/{{{{experiment}}}}/{{figure}}.svg",
                figure=PREDICTIONS,
            ),
            caption="../reports/captions/predictions.rst",
            category="Figures",
            subcategory="Predictions",
        ),
    log:
        f"{RESULTS}/logs/plot_predictions/{{experiment}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        folder=subpath(output[0], parent=True),
        results=subpath(output[0], ancestor=4),
        source=script_digest("plot_predictions.py"),
        trials=lambda wildcards: PLAN[wildcards.experiment],
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_predictions.py" --trials-root {params.results:q}/trials'
        " --experiment {wildcards.experiment} --trials {params.trials} --output {params.folder:q}"
        ' --dataset "$(dirname {input.dataset:q})" > {log:q} 2>&1'


rule plot_best:
    input:
        get_metrics_of_zoo,
        summary=rules.summarise.output.summary,
        experiments=rules.resolve_experiments.output,
    output:
        report(
            expand(f"{RESULTS}/figures/best/{{figure}}.svg", figure=PREDICTIONS),
            caption="../reports/captions/best.rst",
            category="Figures",
            subcategory="Best network of the zoo",
        ),
        best=f"{RESULTS}/figures/best/best.json",
    log:
        f"{RESULTS}/logs/plot_best.log",
    conda:
        "../envs/analysis.yaml"
    params:
        among=canonical(ZOO),
        datasets=DATASETS,
        results=subpath(output.best, ancestor=3),
        source=script_digest("plot_predictions.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_predictions.py" --trials-root {params.results:q}/trials'
        " --best {input.summary:q} --among {params.among:q} --experiments {input.experiments:q}"
        ' --datasets-root {params.datasets:q} --output "$(dirname {output.best:q})" > {log:q} 2>&1'


rule plot_learning_rate_range:
    input:
        get_histories_of_experiment,
    output:
        report(
            f"{RESULTS}/figures/range/{{experiment}}.svg",
            caption="../reports/captions/range.rst",
            category="Figures",
            subcategory="Learning-rate range tests",
        ),
    log:
        f"{RESULTS}/logs/plot_learning_rate_range/{{experiment}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        results=subpath(output[0], ancestor=3),
        source=script_digest("plot_learning_rate_range.py"),
        trials=lambda wildcards: PLAN[wildcards.experiment],
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_learning_rate_range.py" --trials-root {params.results:q}/trials'
        " --experiment {wildcards.experiment} --trials {params.trials} --output {output:q} > {log:q} 2>&1"


rule plot_contact_sheets:
    output:
        report(
            expand(f"{RESULTS}/figures/contact_sheets/{{sheet}}.svg", sheet=sheet_names()),
            caption="../reports/captions/contact_sheets.rst",
            category="Figures",
            subcategory="Augmentations",
        ),
    log:
        f"{RESULTS}/logs/plot_contact_sheets.log",
    conda:
        "../envs/training.yaml"
    params:
        arguments=canonical(arguments_in_use(EXPERIMENTS[name].spec for name in PLAN)),
        folder=subpath(output[0], parent=True),
        source=script_digest("plot_contact_sheets.py", "augmentation"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_contact_sheets.py" --arguments {params.arguments:q}'
        " --output {params.folder:q} > {log:q} 2>&1"
