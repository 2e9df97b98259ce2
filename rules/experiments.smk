"""The resolved experiments and the plan of their trials, as files that the other jobs read."""

# Before any trial, so that a partial report is possible while trials are trained.
EARLY = 100_000


rule resolve_experiments:
    output:
        EXPERIMENTS_JSON,
    log:
        f"{RESULTS}/logs/resolve_experiments.log",
    priority: EARLY
    localrule: True
    conda:
        "../envs/training.yaml"
    params:
        code=script_digest("resolve_experiments.py"),
        config=canonical(CONFIG),
        experiments=digest(
            [
                # Lists, because the order of the experiments is that of every table.
                [[asdict(e), digest_of(e, EXPERIMENTS)] for e in EXPERIMENTS.values()],
                CLAIMS,
            ]
        ),
    shell:
        'python "$LOOKBOOK_SCRIPTS/resolve_experiments.py" --config-json "$LOOKBOOK_CONFIG"'
        " --output {output:q} > {log:q} 2>&1"


# The jobs that read trials depend on the plan, so that a new title or note does not run them again.
rule plan_trials:
    output:
        PLAN_JSON,
    log:
        f"{RESULTS}/logs/plan_trials.log",
    priority: EARLY
    localrule: True
    conda:
        "../envs/training.yaml"
    params:
        code=script_digest("plan_trials.py"),
        plan=digest(
            [
                [
                    e.name,
                    {key: vars(e)[key] for key in PLAN_KEYS if key in vars(e)},
                    spec_digest(e.name) if e.trials else None,
                ]
                for e in EXPERIMENTS.values()
            ]
        ),
    shell:
        'python "$LOOKBOOK_SCRIPTS/plan_trials.py" --config-json "$LOOKBOOK_CONFIG"'
        " --output {output:q} > {log:q} 2>&1"
