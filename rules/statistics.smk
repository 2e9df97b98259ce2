"""Statistics: all trials in one table, then one row for each experiment, comparison, ensemble and effect."""


rule collect_trials:
    input:
        trial_files(["trial.json", "metrics.json"], PLAN),
        plan=PLAN_JSON,
    output:
        report(
            TABLES["trials"],
            caption="../reports/captions/trials.rst",
            category="Tables",
            labels={"table": "trials"},
        ),
    log:
        f"{RESULTS}/logs/collect_trials.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("collect_trials.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/collect_trials.py" --experiments {input.plan:q}'
        " --output {output:q} > {log:q} 2>&1"


rule summarise:
    input:
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
        published=local(str(locate(CONFIG["published"], ROOT))),
    output:
        summary=report(
            TABLES["summary"],
            caption="../reports/captions/summary.rst",
            category="Tables",
            labels={"table": "summary"},
        ),
        comparisons=report(
            TABLES["comparisons"],
            caption="../reports/captions/comparisons.rst",
            category="Tables",
            labels={"table": "comparisons"},
        ),
    log:
        f"{RESULTS}/logs/summarise.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("summarise.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/summarise.py" --trials {input.trials:q} --experiments {input.experiments:q}'
        " --published {input.published:q} --summary {output.summary:q} --comparisons {output.comparisons:q}"
        " > {log:q} 2>&1"


rule combine_ensembles:
    input:
        trial_files(["trial.json", "predictions.npz"], PLAN),
        plan=PLAN_JSON,
    output:
        report(
            TABLES["ensembles"],
            caption="../reports/captions/ensembles.rst",
            category="Tables",
            labels={"table": "ensembles"},
        ),
    log:
        f"{RESULTS}/logs/combine_ensembles.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("combine_ensembles.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/combine_ensembles.py" --experiments {input.plan:q}'
        " --output {output:q} > {log:q} 2>&1"


rule estimate_factorials:
    input:
        trials=TABLES["trials"],
        plan=PLAN_JSON,
    output:
        report(
            TABLES["factorials"],
            caption="../reports/captions/factorials.rst",
            category="Tables",
            labels={"table": "factorial studies"},
        ),
    log:
        f"{RESULTS}/logs/estimate_factorials.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("estimate_factorials.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/estimate_factorials.py" --trials {input.trials:q}'
        " --experiments {input.plan:q} --output {output:q} > {log:q} 2>&1"
