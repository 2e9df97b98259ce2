"""Training: one job per trial."""

# Trial 0 of every experiment comes first, and short ones before long ones, so that a run that is stopped early has
# something of everything. A changed priority reruns nothing.
RANKS = priorities(EXPERIMENTS)
GPUS_OF_BACKEND = {
    backend: gpus_to_request(CONFIG["devices"]["gpu"], backend)
    for backend in {experiment.spec["backend"] for experiment in EXPERIMENTS.values()}
}


onstart:
    end_gracefully(workflow)
    check_accounting(workflow)
    check_experiments(workflow, CONFIG, SCRIPTS)


rule train_trial:
    input:
        unpack(lambda wildcards: dataset_files(DATASET_OF[wildcards.experiment])),
        # Both are empty for a trial that starts from random weights.
        unpack(initial_trial_files),
    output:
        trial=trial_file(RESULTS, "{experiment}", "{trial}", "trial.json"),
        history=trial_file(RESULTS, "{experiment}", "{trial}", "history.csv"),
        model=trial_file(RESULTS, "{experiment}", "{trial}", "model.keras"),
        predictions=trial_file(RESULTS, "{experiment}", "{trial}", "predictions.npz"),
    log:
        f"{RESULTS}/logs/train_trial/{{experiment}}/{{trial}}.log",
    priority: lambda wildcards: RANKS[wildcards.experiment] + len(RANKS) * (wildcards.trial == "0")
    conda:
        "../envs/training.yaml"
    threads: CONFIG["devices"]["threads"]
    resources:
        gpu=lambda wildcards: GPUS_OF_BACKEND[EXPERIMENTS[wildcards.experiment].spec["backend"]],
        # A job that ran out of memory gets more when it is retried.
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        # Stated in the log.
        attempt=lambda wildcards, attempt: attempt,
    # A change of the trial specification retrains the trial.
    params:
        trial_spec=lambda wildcards: trial_spec_text(wildcards.experiment, int(wildcards.trial)),
        folder=subpath(output.trial, parent=True),
    # Snakemake removes the log of an earlier job. Its lines stay in a second link, to which this job appends.
    shell:
        "touch {log:q}.all; ln -f {log:q}.all {log:q} || true; "
        'python "$LOOKBOOK_SCRIPTS/train_trial.py" --trial-spec {params.trial_spec:q} --manifest {input.manifest:q}'
        " --output {params.folder:q} --initial-trial={input.initial_trial:q} --threads {threads}"
        " --gpu {resources.gpu} --attempt {resources.attempt} >> {log:q} 2>&1"
