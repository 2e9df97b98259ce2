"""Evaluation: metrics of each trial, from its saved predictions alone, and the answers to the competition."""


rule evaluate_trial:
    input:
        trial=f"{TRIALS}/trial.json",
        predictions=f"{TRIALS}/predictions.npz",
    output:
        f"{TRIALS}/metrics.json",
    log:
        f"{RESULTS}/logs/evaluate/{{experiment}}/{{trial}}.log",
    conda:
        "../envs/analysis.yaml"
    # Another source evaluates again; it retrains nothing.
    params:
        source=script_digest("evaluate_trial.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/evaluate_trial.py" "$(dirname {input.trial:q})" --output {output:q} > {log:q} 2>&1'


rule write_submission:
    input:
        get_metrics_of_experiment,
        dataset=get_dataset,
    output:
        report(
            f"{RESULTS}/submissions/{{experiment}}.csv",
            caption="../reports/captions/submissions.rst",
            category="Submissions",
        ),
    log:
        f"{RESULTS}/logs/write_submission/{{experiment}}.log",
    conda:
        "../envs/training.yaml"
    threads: CONFIG["devices"]["threads"]
    resources:
        mem_mb=2000,
    params:
        results=subpath(output[0], ancestor=2),
        source=script_digest("write_submission.py"),
        trials=lambda wildcards: PLAN[wildcards.experiment],
    shell:
        'python "$LOOKBOOK_SCRIPTS/write_submission.py" --trials-root {params.results:q}/trials'
        " --experiment {wildcards.experiment} --trials {params.trials}"
        ' --dataset "$(dirname {input.dataset:q})" --output {output:q} --threads {threads} > {log:q} 2>&1'
