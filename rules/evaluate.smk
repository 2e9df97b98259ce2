"""Evaluation: metrics of each trial, from its saved predictions alone."""


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
        source=script_digest("evaluate.py"),
    shell:
        'python "$LOOKBOOK_SCRIPTS/evaluate.py" "$(dirname {input.trial:q})" --output {output:q} > {log:q} 2>&1'
