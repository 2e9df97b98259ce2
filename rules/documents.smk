"""What the documents state by epoch and in claims, beside our trials."""


rule compare_epochs:
    input:
        lambda wildcards: trial_files(
            ["trial.json", "history.csv"],
            compared_by_epoch(locate(CONFIG["published"], ROOT), PLAN, EXPERIMENTS),
        )(wildcards),
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
        published=local(str(locate(CONFIG["published"], ROOT))),
    output:
        report(
            TABLES["epochs"],
            caption="../reports/captions/epochs.rst",
            category="Tables",
            labels={"table": "published values by epoch"},
        ),
    log:
        f"{RESULTS}/logs/compare_epochs.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("compare_epochs.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/compare_epochs.py" --trials {input.trials:q} --experiments {input.experiments:q}'
        " --published {input.published:q} --output {output:q} > {log:q} 2>&1"


rule judge_claims:
    input:
        trial_files(
            ["trial.json", "history.csv"], [e for e in names_with(CLAIMS, "plateau") if e in PLAN]
        ),
        trial_files(
            ["trial.json", "metrics.json"],
            [e for e in names_with(CLAIMS, "most_confused") if e in PLAN],
        ),
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
    output:
        report(
            TABLES["claims"],
            caption="../reports/captions/claims.rst",
            category="Tables",
            labels={"table": "claims"},
        ),
    log:
        f"{RESULTS}/logs/judge_claims.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("judge_claims.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/judge_claims.py" --trials {input.trials:q} --experiments {input.experiments:q}'
        " --output {output:q} > {log:q} 2>&1"
