"""Statistics: all trials in one table, then a row for each experiment and each comparison with a base."""


rule resolve_experiments:
    output:
        f"{RESULTS}/experiments.json",
    log:
        f"{RESULTS}/logs/resolve_experiments.log",
    localrule: True
    conda:
        "../envs/training.yaml"
    params:
        config=canonical(CONFIG),
        resolved=get_resolved(),
        source=script_digest("describe_experiment.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/describe_experiment.py" --all --config-json {params.config:q} --output {output:q} > {log:q} 2>&1'


rule collect_trials:
    input:
        get_metrics,
    output:
        report(f"{RESULTS}/trials.csv", caption="../reports/captions/trials.rst", category="Tables"),
    log:
        f"{RESULTS}/logs/collect_trials.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=canonical(PLAN),
        results=subpath(output[0], parent=True),
        source=script_digest("collect_trials.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/collect_trials.py" --trials-root {params.results:q}/trials --plan {params.plan:q}'
        " --output {output:q} > {log:q} 2>&1"


rule summarise:
    input:
        trials=rules.collect_trials.output,
        experiments=rules.resolve_experiments.output,
        published=locate(CONFIG["published"], ROOT),
    output:
        summary=report(
            f"{RESULTS}/summary.csv", caption="../reports/captions/summary.rst", category="Tables"
        ),
        comparisons=report(
            f"{RESULTS}/comparisons.csv",
            caption="../reports/captions/comparisons.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/summarise.log",
    conda:
        "../envs/analysis.yaml"
    params:
        source=script_digest("summarise.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/summarise.py" --trials {input.trials:q} --experiments {input.experiments:q}'
        " --published {input.published:q} --summary {output.summary:q} --comparisons {output.comparisons:q}"
        " > {log:q} 2>&1"


rule combine_trials:
    input:
        get_metrics,
        experiments=rules.resolve_experiments.output,
    output:
        report(
            f"{RESULTS}/ensembles.csv",
            caption="../reports/captions/ensembles.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/combine_trials.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=canonical(PLAN),
        results=subpath(output[0], parent=True),
        source=script_digest("combine_ensembles.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/combine_ensembles.py" --trials-root {params.results:q}/trials --plan {params.plan:q}'
        " --experiments {input.experiments:q} --output {output:q} > {log:q} 2>&1"


rule estimate_factorials:
    input:
        trials=rules.collect_trials.output,
        experiments=rules.resolve_experiments.output,
    output:
        report(
            f"{RESULTS}/factorial.csv",
            caption="../reports/captions/factorial.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/estimate_factorials.log",
    conda:
        "../envs/analysis.yaml"
    params:
        source=script_digest("estimate_factorials.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/estimate_factorials.py" --trials {input.trials:q}'
        " --experiments {input.experiments:q} --output {output:q} > {log:q} 2>&1"
