"""Training: one job for each trial."""


rule train_trial:
    input:
        unpack(get_training_inputs),
    output:
        trial=f"{TRIALS}/trial.json",
        history=f"{TRIALS}/history.csv",
        model=f"{TRIALS}/model.keras",
        predictions=f"{TRIALS}/predictions.npz",
    log:
        f"{RESULTS}/logs/train/{{experiment}}/{{trial}}.log",
    conda:
        "../envs/training.yaml"
    threads: CONFIG["devices"]["threads"]
    resources:
        gpu=gpus_to_request(CONFIG["devices"]["gpu"], CONFIG["devices"]["backend"]),
        mem_mb=3000,
    # Changing this retrains; it is the only parameter, see rules/common.smk.
    params:
        order=get_order,
    shell:
        'python "$LOOKBOOK_SCRIPTS/train_trial.py" --order {params.order:q} --dataset "$(dirname {input.manifest:q})"'
        ' --output "$(dirname {output.trial:q})"'
        " --start={input.start:q} --copies={input.copies:q} --threads {threads} --gpu {resources.gpu} > {log:q} 2>&1"
