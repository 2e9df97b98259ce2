"""Figures of the results of trials, one per file."""

RANGE_TESTS = with_figure(EXPERIMENTS, "learning_rate_range")
LEARNING_CURVES = expand(figure_file(RESULTS, "learning_curves", "{name}"), name=PLAN)
# Every figure of the report; a rule file that draws others adds them.
FIGURES = [
    figure_file(RESULTS, "published"),
    figure_file(RESULTS, "cost"),
    *LEARNING_CURVES,
    *expand(figure_file(RESULTS, "learning_rate_range", "{name}"), name=RANGE_TESTS),
]


rule plot_learning_curves:
    input:
        trial_files(["trial.json", "history.csv"], PLAN),
        plan=PLAN_JSON,
        epochs=TABLES["epochs"],
    output:
        [
            report(
                file,
                caption="../reports/captions/learning_curves.rst",
                category="Figures",
                subcategory="Learning curves",
                labels={"experiment": name},
            )
            for name, file in zip(PLAN, LEARNING_CURVES)
        ],
    log:
        f"{RESULTS}/logs/plot_learning_curves.log",
    conda:
        "../envs/analysis.yaml"
    # One job for all experiments: importing Matplotlib takes longer than drawing.
    params:
        code=script_digest("plot_learning_curves.py"),
        folder=subpath(output[0], parent=True),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_learning_curves.py" --experiments {input.plan:q}'
        " --epochs {input.epochs:q} --output {params.folder:q} > {log:q} 2>&1"


rule plot_learning_rate_range:
    input:
        trial_files(["trial.json", "history.csv"]),
        plan=PLAN_JSON,
    output:
        report(
            figure_file(RESULTS, "learning_rate_range", "{experiment}"),
            caption="../reports/captions/learning_rate_range.rst",
            category="Figures",
            subcategory="Learning-rate range tests",
            labels={"experiment": "{experiment}"},
        ),
    log:
        f"{RESULTS}/logs/plot_learning_rate_range/{{experiment}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("plot_learning_rate_range.py"),
        spec_digest=lambda wildcards: spec_digest(wildcards.experiment),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_learning_rate_range.py" --experiments {input.plan:q}'
        " --experiment {wildcards.experiment} --output {output:q} > {log:q} 2>&1"


rule plot_published:
    input:
        summary=TABLES["summary"],
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
    output:
        report(
            figure_file(RESULTS, "published"),
            caption="../reports/captions/published.rst",
            category="Figures",
            subcategory="All experiments",
            labels={"figure": "measured and published accuracy"},
        ),
    log:
        f"{RESULTS}/logs/plot_published.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("plot_published.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_published.py" --summary {input.summary:q} --trials {input.trials:q}'
        " --experiments {input.experiments:q} --output {output:q} > {log:q} 2>&1"


rule plot_cost:
    input:
        summary=TABLES["summary"],
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
    output:
        report(
            figure_file(RESULTS, "cost"),
            caption="../reports/captions/cost.rst",
            category="Figures",
            subcategory="All experiments",
            labels={"figure": "accuracy against cost"},
        ),
    log:
        f"{RESULTS}/logs/plot_cost.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("plot_cost.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_cost.py" --summary {input.summary:q} --trials {input.trials:q}'
        " --experiments {input.experiments:q} --output {output:q} > {log:q} 2>&1"
