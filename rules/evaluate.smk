"""Evaluation: the metrics of each trial from its saved predictions, and the submissions to the competition."""

COMPETITION = [name for name in PLAN if DATASETS[DATASET_OF[name]].competition]
SUBMISSIONS = expand(
    f"{RESULTS}/submissions/{{name}}.{{kind}}", name=COMPETITION, kind=["csv", "json"]
)


rule evaluate_trial:
    input:
        trial=trial_file(RESULTS, "{experiment}", "{trial}", "trial.json"),
        predictions=trial_file(RESULTS, "{experiment}", "{trial}", "predictions.npz"),
    output:
        trial_file(RESULTS, "{experiment}", "{trial}", "metrics.json"),
    log:
        f"{RESULTS}/logs/evaluate_trial/{{experiment}}/{{trial}}.log",
    # A finished trial is evaluated before another one starts.
    priority: 2 * len(RANKS) + 1
    conda:
        "../envs/analysis.yaml"
    # A code change reruns the evaluation, not the training.
    params:
        code=script_digest("evaluate_trial.py"),
        spec_digest=lambda wildcards: trial_digest(wildcards.experiment, int(wildcards.trial)),
    shell:
        'python "$LOOKBOOK_SCRIPTS/evaluate_trial.py" {input.trial:q} --spec-digest {params.spec_digest}'
        " --output {output:q} > {log:q} 2>&1"


rule write_submission:
    input:
        trial_files(["trial.json", "model.keras"]),
        unpack(lambda wildcards: dataset_files(DATASET_OF[wildcards.experiment], without=())),
        plan=PLAN_JSON,
    output:
        csv=report(
            f"{RESULTS}/submissions/{{experiment}}.csv",
            caption="../reports/captions/submissions.rst",
            category="Submissions",
            labels={"experiment": "{experiment}"},
        ),
        json=f"{RESULTS}/submissions/{{experiment}}.json",
    log:
        f"{RESULTS}/logs/write_submission/{{experiment}}.log",
    conda:
        "../envs/training.yaml"
    threads: CONFIG["devices"]["threads"]
    resources:
        mem_mb=2000,
    params:
        code=script_digest("write_submission.py"),
        spec_digest=lambda wildcards: spec_digest(wildcards.experiment),
    shell:
        'python "$LOOKBOOK_SCRIPTS/write_submission.py" --experiments {input.plan:q}'
        " --experiment {wildcards.experiment} --manifest {input.manifest:q} --output {output.csv:q}"
        " --threads {threads} > {log:q} 2>&1"
