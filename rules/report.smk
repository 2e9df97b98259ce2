"""Figures and the report."""


rule plot_learning_curves:
    input:
        get_histories_of_experiment,
    output:
        report(
            f"{RESULTS}/figures/learning_curves/{{experiment}}.svg",
            caption="../reports/captions/learning_curves.rst",
            category="Figures",
            subcategory="Learning curves",
            labels={"experiment": "{experiment}"},
        ),
    log:
        f"{RESULTS}/logs/plot_learning_curves/{{experiment}}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        results=subpath(output[0], ancestor=3),
        source=script_digest("plot_learning_curves.py"),
        trials=lambda wildcards: EXPERIMENTS[wildcards.experiment].trials,
    shell:
        'python "$LOOKBOOK_SCRIPTS/plot_learning_curves.py" --trials-root {params.results:q}/trials'
        " --experiment {wildcards.experiment} --trials {params.trials} --output {output:q} > {log:q} 2>&1"


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


rule render_report:
    input:
        experiments=rules.resolve_experiments.output,
        trials=rules.collect_trials.output,
        summary=rules.summarise.output.summary,
        comparisons=rules.summarise.output.comparisons,
        published=rules.plot_published.output[0],
        learning_curves=expand(rules.plot_learning_curves.output, experiment=EXPERIMENTS),
        templates=sorted((ROOT / "reports" / "templates").iterdir()),
    output:
        markdown=f"{RESULTS}/report/report.md",
        html=report(
            f"{RESULTS}/report/report.html",
            caption="../reports/captions/report.rst",
            category="Report",
        ),
    log:
        f"{RESULTS}/logs/render_report.log",
    conda:
        "../envs/analysis.yaml"
    params:
        source=script_digest("render.py"),
        figures=subpath(input.published, parent=True),
        logs=lambda wildcards: f"{RESULTS}/logs/train/{{experiment}}/{{trial}}.log",
        templates=ROOT / "reports" / "templates",
    shell:
        'python "$LOOKBOOK_SCRIPTS/render.py" --experiments {input.experiments:q} --trials {input.trials:q}'
        " --summary {input.summary:q} --comparisons {input.comparisons:q} --figures {params.figures:q}"
        " --templates {params.templates:q} --markdown {output.markdown:q} --html {output.html:q}"
        " --log-pattern {params.logs:q} > {log:q} 2>&1"
