"""The report."""


rule render_report:
    input:
        # The tables of each class.
        trial_files(["trial.json", "metrics.json"], list(dict.fromkeys([*PREDICTED, *COMPARED]))),
        FIGURES,
        SUBMISSIONS,
        **TABLES,
        experiments=EXPERIMENTS_JSON,
        manifests=MANIFESTS,
        published=local(str(locate(CONFIG["published"], ROOT))),
        reference=[local(str(path)) for path in REFERENCE],
        citation=local(str(ROOT / "CITATION.cff")),
        templates=[local(str(path)) for path in sorted((ROOT / "reports/templates").rglob("*.*"))],
    output:
        markdown=f"{RESULTS}/report/report.md",
        html=report(
            f"{RESULTS}/report/report.html",
            caption="../reports/captions/report.rst",
            category="Report",
            labels={"report": "HTML, in one file"},
        ),
    log:
        f"{RESULTS}/logs/render_report.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("render_report.py"),
        logs=lambda wildcards: f"{RESULTS}/logs/train_trial/{{experiment}}/{{trial}}.log",
        templates=lambda wildcards, input: os.path.dirname(input.templates[0]),
    shell:
        'python "$LOOKBOOK_SCRIPTS/render_report.py" --experiments {input.experiments:q} --trials {input.trials:q}'
        " --summary {input.summary:q} --comparisons {input.comparisons:q} --epochs {input.epochs:q} --claims {input.claims:q}"
        " --ensembles {input.ensembles:q} --factorials {input.factorials:q} --curves {input.curves:q}"
        " --time-to-accuracy {input.time_to_accuracy:q} --published {input.published:q}"
        " --reference {input.reference:q} --manifests {input.manifests:q} --citation {input.citation:q}"
        " --templates {params.templates:q} --log-pattern {params.logs:q} --markdown {output.markdown:q}"
        " --html {output.html:q} > {log:q} 2>&1"
