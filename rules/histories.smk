"""The histories of all trials: mean curves, and the time until an accuracy is reached."""


rule summarise_histories:
    input:
        trial_files(["trial.json", "history.csv"], PLAN),
        trials=TABLES["trials"],
        experiments=EXPERIMENTS_JSON,
    output:
        curves=report(
            TABLES["curves"],
            caption="../reports/captions/curves.rst",
            category="Tables",
            labels={"table": "mean learning curves"},
        ),
        times=report(
            TABLES["time_to_accuracy"],
            caption="../reports/captions/time_to_accuracy.rst",
            category="Tables",
            labels={"table": "time to an accuracy"},
        ),
    log:
        f"{RESULTS}/logs/summarise_histories.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=script_digest("summarise_histories.py"),
        spec_digest=spec_digest(*PLAN),
    shell:
        'python "$LOOKBOOK_SCRIPTS/summarise_histories.py" --trials {input.trials:q} --experiments {input.experiments:q}'
        " --curves {output.curves:q} --time-to-accuracy {output.times:q} > {log:q} 2>&1"
