"""What the documents state by epoch and in claims, beside our trials."""


def published_epoch_files(wildcards):
    """Return the files of the trials that are compared with values published by epoch."""
    published = experiments_with_epochs(locate(CONFIG["published"], ROOT))
    names = [name for name in PLAN if published & {name, EXPERIMENTS[name].published_as}]
    return trial_files(["trial.json", "history.csv"], names)(wildcards)


rule compare_epochs:
    input:
        published_epoch_files,
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
        published=local(str(locate(CONFIG["published"], ROOT))),
    output:
        report(TABLES["epochs"], caption="../reports/captions/epochs.rst", category="Tables"),
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


def claim_files(wildcards):
    """Return the files of the trials that claims about histories and about confusion matrices are judged by."""
    names = {
        "history.csv": names_with(CLAIMS, "plateau"),
        "metrics.json": names_with(CLAIMS, "most_confused"),
    }
    return [
        path
        for name, experiments in names.items()
        for path in trial_files(["trial.json", name], [e for e in experiments if e in PLAN])(
            wildcards
        )
    ]


rule judge_claims:
    input:
        claim_files,
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
    output:
        report(TABLES["claims"], caption="../reports/captions/claims.rst", category="Tables"),
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
