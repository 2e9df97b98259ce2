"""Figures of what networks predict: for chosen experiments and for the best network of the zoo."""

PREDICTED = with_figure(EXPERIMENTS, *PREDICTION_FIGURES)
# The best of these is shown in detail.
COMPARED = compared_networks(EXPERIMENTS)
COMPARED_DATASETS = sorted({DATASET_OF[name] for name in COMPARED})
BEST_NETWORK = f"{RESULTS}/figures/best_network/best_network.json"
PREDICTION_FILES = expand(
    figure_file(RESULTS, "predictions", "{{experiment}}", "{name}"), name=PREDICTION_FIGURES
)
BEST_FILES = expand(figure_file(RESULTS, "best_network", "{name}"), name=PREDICTION_FIGURES)
FIGURES += expand(PREDICTION_FILES, experiment=PREDICTED)
FIGURES += [*BEST_FILES, BEST_NETWORK] if COMPARED else []


rule plot_predictions:
    input:
        trial_files(["trial.json", "predictions.npz"]),
        unpack(lambda wildcards: dataset_files(DATASET_OF[wildcards.experiment])),
        plan=PLAN_JSON,
    output:
        [
            report(
                file,
                caption="../reports/captions/predictions.rst",
                category="Figures",
                subcategory="Predictions",
                labels={"experiment": "{experiment}", "figure": name.replace("_", " ")},
            )
            for name, file in zip(PREDICTION_FIGURES, PREDICTION_FILES)
        ],
    log:
        f"{RESULTS}/logs/plot_predictions/{{experiment}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("plot_predictions.py"),
        folder=subpath(output[0], parent=True),
        spec_digest=lambda wildcards: spec_digest(wildcards.experiment),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_predictions.py" --experiments {input.plan:q}'
        " --experiment {wildcards.experiment} --manifest {input.manifest:q} --output {params.folder:q} > {log:q} 2>&1"


rule plot_best_network:
    input:
        trial_files(["trial.json", "predictions.npz"], COMPARED),
        [dataset_files(name)["arrays"] for name in COMPARED_DATASETS],
        plan=PLAN_JSON,
        summary=TABLES["summary"],
        trials=TABLES["trials"],
        manifests=[dataset_files(name)["manifest"] for name in COMPARED_DATASETS],
    output:
        [
            report(
                file,
                caption="../reports/captions/best_network.rst",
                category="Figures",
                subcategory="Best network of the zoo",
                labels={"figure": name.replace("_", " ")},
            )
            for name, file in zip(PREDICTION_FIGURES, BEST_FILES)
        ],
        best=BEST_NETWORK,
    log:
        f"{RESULTS}/logs/plot_best_network.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("plot_best_network.py"),
        folder=subpath(output.best, parent=True),
        spec_digest=spec_digest(*COMPARED),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_best_network.py" --experiments {input.plan:q}'
        " --summary {input.summary:q} --trials {input.trials:q} --manifests {input.manifests:q}"
        " --output {params.folder:q} > {log:q} 2>&1"
