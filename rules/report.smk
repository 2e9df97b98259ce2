"""The report."""


rule render_report:
    input:
        experiments=rules.resolve_experiments.output,
        trials=rules.collect_trials.output,
        summary=rules.summarise.output.summary,
        comparisons=rules.summarise.output.comparisons,
        published=rules.plot_published.output[0],
        ensembles=rules.combine_trials.output,
        factorial=rules.estimate_factorials.output,
        scores=rules.summarise.input.published,
        figures=[
            rules.plot_learning_curves.output if PLAN else [],
            expand(rules.plot_predictions.output, experiment=PREDICTED),
            rules.plot_best.output if ZOO else [],
            expand(rules.plot_learning_rate_range.output, experiment=RANGES),
            rules.plot_contact_sheets.output if AUGMENTED else [],
            expand(rules.plot_dataset.output, dataset=PICTURED),
        ],
        submissions=expand(rules.write_submission.output, experiment=COMPETITION),
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
        datasets=DATASETS,
        results=subpath(input.published, ancestor=2),
        source=script_digest("render_report.py"),
        figures=subpath(input.published, parent=True),
        logs=lambda wildcards: f"{RESULTS}/logs/train/{{experiment}}/{{trial}}.log",
        templates=ROOT / "reports" / "templates",
    shell:
        'python "$LOOKBOOK_SCRIPTS/render_report.py" --experiments {input.experiments:q} --trials {input.trials:q}'
        " --summary {input.summary:q} --comparisons {input.comparisons:q} --figures {params.figures:q}"
        " --templates {params.templates:q} --markdown {output.markdown:q} --html {output.html:q}"
        " --ensembles {input.ensembles:q} --factorial {input.factorial:q} --published {input.scores:q}"
        " --trials-root {params.results:q}/trials --datasets-root {params.datasets:q}"
        " --submissions-root {params.results:q}/submissions --log-pattern {params.logs:q} > {log:q} 2>&1"
