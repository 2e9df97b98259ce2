"""Unknown names, and values that do not fit together or not with the dataset, are refused with the remedy."""

import pytest

from lookbook.errors import ConfigError


def entry(keys: str, model: str = "{class_name: mlp}") -> str:
    return f"  mine: {{title: t, model: {model}, {keys}}}"


def schedule(name: str, arguments: str) -> str:
    rate = f"{{class_name: {name}, config: {{{arguments}}}}}"
    return entry(f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}")


RATE = "optimizer.config.learning_rate"

NAMES = {
    entry("", "{class_name: small_cn}"): "model.class_name: there is no model 'small_cn'; did you mean 'small_cnn'?",
    entry("", "{class_name: mlp, config: {unit: [3]}}"): (
        "model.config.unit: mlp has no such argument; did you mean 'units'?"
    ),
    entry("augmentation: [{class_name: zoom}, {class_name: mixupp}]"): (
        "augmentation[1].class_name: there is no augmentation 'mixupp'; did you mean 'mixup'?"
    ),
    entry("augmentation: [{class_name: RandomZom}]"): (
        "augmentation[0].class_name: there is no augmentation 'RandomZom'; did you mean 'RandomZoom'?"
    ),
    entry("augmentation: [{class_name: Resizing, config: {height: 3, width: 3}}]"): (
        "augmentation[0].class_name: there is no augmentation 'Resizing'"
    ),
    entry("augmentation: [{class_name: RandomZoom, config: {height_factr: 0.1}}]"): (
        "augmentation[0].config.height_factr: RandomZoom has no such argument; did you mean 'height_factor'?"
    ),
    entry("augmentation: [{class_name: RandomZoom, config: {width_factor: 0.1}}]"): (
        "augmentation[0].config: RandomZoom needs the argument 'height_factor'; add it"
    ),
    entry("augmentation: [{class_name: RandomFlip, config: {seed: 3}}]"): (
        "augmentation[0].config.seed: training sets it"
    ),
    entry("", "{class_name: small_cnn, config: {kernel_regularizer: {class_name: L3}}}"): (
        "model.config.kernel_regularizer.class_name: Keras has no regularizer 'L3'; did you mean 'L2'?"
    ),
    schedule("CosineDecay", "initial_learning_rate: 0.1"): (
        f"{RATE}.config: CosineDecay needs the argument 'decay_steps'; add it"
    ),
    entry("augmentation: [{class_name: zoom, config: {minimun: 0.9}}]"): (
        "augmentation[0].config.minimun: zoom has no such argument; did you mean 'minimum'?"
    ),
    entry("optimizer: {class_name: Adm}"): "optimizer.class_name: Keras has no optimizer 'Adm'; did you mean 'Adam'?",
    entry("optimizer: {class_name: SGD, config: {momentun: 0.9}}"): (
        "optimizer.config.momentun: SGD has no such argument; did you mean 'momentum'?"
    ),
    schedule("CosineDeca", ""): f"{RATE}.class_name: Keras has no schedule 'CosineDeca'; did you mean 'CosineDecay'?",
    schedule("CosineDecay", "decay_step: 3"): (
        f"{RATE}.config.decay_step: CosineDecay has no such argument; did you mean 'decay_steps'?"
    ),
    schedule("OneCycle", "risng: 0.4"): f"{RATE}.config.risng: OneCycle has no such argument; did you mean 'rising'?",
    entry("loss: {class_name: CategoricalCrossentrpy}"): (
        "loss.class_name: Keras has no loss 'CategoricalCrossentrpy'; did you mean 'CategoricalCrossentropy'?"
    ),
    entry("loss: {class_name: CategoricalCrossentropy, config: {label_smothing: 0.1}}"): (
        "loss.config.label_smothing: CategoricalCrossentropy has no such argument; did you mean 'label_smoothing'?"
    ),
    entry("optimizer: {class_name: Adam, config: {learning_rate: -0.1}}"): (
        f"{RATE}: a learning rate must be greater than 0; got -0.1"
    ),
    entry("optimizer: {class_name: Adam, config: {learning_rate: .inf}}"): RATE,
    entry("optimizer: {class_name: Adam, config: {learning_rate: .nan}}"): RATE,
    schedule("CosineDecay", "initial_learning_rate: -0.1, decay_steps: 3"): (
        f"{RATE}.config.initial_learning_rate: a learning rate must be greater than 0; got -0.1"
    ),
    schedule("PiecewiseConstantDecay", "boundaries: [5], values: [0.1, -0.1]"): f"{RATE}.config.values",
    entry("optimizer: {class_name: Adam, config: {learning_rate: 1e-3}}"): (
        f"{RATE}: '1e-3' is text; write a number with a decimal point, such as 1.0e-4"
    ),
    schedule("CosineDecay", "initial_learning_rate: 5e-3, decay_steps: 9"): (
        f"{RATE}.config.initial_learning_rate: '5e-3' is text"
    ),
}

MIXUP = "augmentation: [{class_name: mixup}]"
ZOOM = "augmentation: [{class_name: zoom}]"

RATES = "initial_learning_rate: 0.1, maximal_learning_rate: 0.2, final_learning_rate: 0.1"
ONE_CYCLE = f"{{learning_rate: {{class_name: OneCycle, config: {{{RATES}}}}}}}"

REFUSED = {
    "dataset: sample, sampling: {classes: 11}": "sampling.classes: sample has 10 classes; got 11",
    "sampling: {classes: 1}": "sampling.classes: must be at least 2; got 1",
    "dataset: sample, one_vs_all: 10": "one_vs_all: must be a class of sample, 0 to 9; got 10",
    "one_vs_all: -1": "one_vs_all: must be at least 0; got -1",
    "dataset: sample, one_vs_all: 3, sampling: {classes: 5}": (
        "one_vs_all: cannot be combined with sampling.classes; remove one of them"
    ),
    "sampling: {proportions: [1, 2, 3]}": "sampling.proportions: needs one number for each of the 10 classes; got 3",
    "sampling: {classes: 2, proportions: [1, 2, 3]}": (
        "sampling.proportions: needs one number for each of the 2 classes; got 3"
    ),
    "sampling: {proportions: [1, 0]}": "sampling.proportions[1]: must be at least 1; got 0",
    "dataset: sample, sampling: {size: {minimum: 1, maximum: 9}}": (
        "sampling.size: the original sizes of the images of sample are not known; remove it"
    ),
    "dataset: generated, sampling: {size: {minimum: 9, maximum: 10}}": (
        "sampling.size: no size lies between minimum and maximum, which are exclusive; increase the maximum"
    ),
    "dataset: generated, sampling: {size: {minimum: 9}}": "sampling.size: the key 'maximum' is missing",
    "sampling: {augment: resampled}": (
        "sampling.augment: without sampling.per_class no image is resampled; set per_class or use `all`"
    ),
    f"sampling: {{per_class: 9, augment: resampled}}, {MIXUP}": (
        "sampling.augment: images augmented before training have one label each; remove mixup"
    ),
    MIXUP: (
        "loss: mixup mixes labels, and SparseCategoricalCrossentropy takes class numbers; use a loss on one-hot labels"
    ),
    "augmentation: [{class_name: CutMix}]": (
        "loss: CutMix mixes labels, and SparseCategoricalCrossentropy takes class numbers"
    ),
    "augmented_copies: 2": "augmented_copies: there is no augmentation; add one or remove augmented_copies",
    "augmented_copies: 2, augmentation: [{class_name: zoom}, {class_name: MixUp}]": (
        "augmented_copies: images augmented before training have one label each; remove MixUp"
    ),
    f"augmented_copies: 2, {ZOOM}, sampling: {{per_class: 9}}": (
        "augmented_copies: cannot be combined with sampling.per_class or sampling.proportions; remove one of them"
    ),
    f"augmented_copies: 2, {ZOOM}, sampling: {{proportions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}": (
        "augmented_copies: cannot be combined with sampling.per_class or sampling.proportions; remove one of them"
    ),
    f"augmented_copies: 0, {ZOOM}": "augmented_copies: must be at least 1; got 0",
    "augmentation: [{class_name: one_of_k, config: {k: 8}}]": (
        "augmentation[0].config.k: must be an integer from 1 to 7; got 8"
    ),
    "augmented_copies: {number: 4}": "augmented_copies: must be of type integer or null",
    "training: {batch_size: 32, multiplicity: 3}": (
        "training.batch_size: must be a multiple of training.multiplicity (3); got 32"
    ),
    "limit: {train_images: 10}, training: {batch_size: 32, multiplicity: 2}": (
        "training.batch_size: must be at most 20 (the training split); got 32"
    ),
    f"limit: {{train_images: 10}}, augmented_copies: 3, {ZOOM}": (
        "training.batch_size: must be at most 30 (the training split); got 32"
    ),
    "ensemble: all": "ensemble: combines one-vs-all classifiers; set one_vs_all or remove ensemble",
    "sampling: {clases: 3}": "sampling: unknown key 'clases'; did you mean 'classes'?",
    "sampling: {size: {minimum: 1, maximum: 9, maximun: 9}}": (
        "sampling.size: unknown key 'maximun'; did you mean 'maximum'?"
    ),
    "sampling: {augment: copied}": "sampling.augment: must be one of all, resampled; got 'copied'",
    "training: {multiplicty: 2}": "training: unknown key 'multiplicty'; did you mean 'multiplicity'?",
    "factorial: {study: s, factors: {a: true}, factor: {}}": "factorial: unknown key 'factor'; did you mean 'factors'?",
    "factorial: {study: s, factors: {a: 3}}": "factorial.factors.a: must be of type boolean; got 3",
    "factorial: {study: s, factors: {}}": "factorial.factors: {}",
    "figures: [confusion]": "figures[0]: must be one of confusion_matrix, precision_recall",
    "one_vs_all: shirt": "one_vs_all: must be of type integer or null; got 'shirt'",
    "training: {steps_per_epoch: 0}": "training.steps_per_epoch: must be at least 1; got 0",
    "training: {steps_per_earlier_trial: 0}": "training.steps_per_earlier_trial: must be at least 1; got 0",
    f"training: {{steps_per_earlier_trial: 9}}, optimizer: {{class_name: SGD, config: {ONE_CYCLE}}}": (
        "training.steps_per_earlier_trial: OneCycle has the length of one trial, and later trials would start beyond "
        "its end; remove it or use a schedule of Keras"
    ),
    **{
        f"training: {{steps_per_earlier_trial: 9}}, optimizer: {{class_name: Adam, config: {{{option}}}}}": (
            f"training.steps_per_earlier_trial: cannot be combined with optimizer.config.{option.partition(':')[0]}, "
            "which starts at step 0; remove one of them"
        )
        for option in ("use_ema: true", "gradient_accumulation_steps: 2")
    },
    "published_as: yours": "published_as: there is no experiment 'yours'; known: mine",
    "published_as: mine": "published_as: is the experiment itself; name another one or remove it",
}


@pytest.mark.parametrize(("text", "expected"), [*NAMES.items(), *((entry(k), v) for k, v in REFUSED.items())])
def test_refused_with_file_experiment_key_and_remedy(text, expected, refusal_of):
    assert f"mine.yaml: mine: {expected}" in refusal_of(text)


def test_the_limit_of_a_profile_counts_the_repetitions(refusal_of):
    twice = entry("training: {batch_size: 64, multiplicity: 2}")
    assert "must be at most 60 (the training split); got 64" in refusal_of(twice, profile={"train_images": 30})


@pytest.mark.parametrize("sampling", ["per_class: 9", "classes: 5", "proportions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"])
def test_the_batch_size_is_not_checked_where_the_number_of_sampled_images_is_unknown(sampling, experiments_of):
    mine = entry(f"limit: {{train_images: 10}}, sampling: {{{sampling}}}")
    assert experiments_of(f"document: d\nexperiments:\n{mine}")["mine"].spec["training"]["batch_size"] == 32


def test_a_trial_must_have_the_trial_whose_weights_it_starts_from(refusal_of, experiments_of):
    text = f"{entry('trials: 2')}\n  later: {{title: t, base: mine, trials: 3, initial_weights: mine}}"
    told = "mine.yaml: later: trials: trial 2 starts from one of mine, which has only 2; give mine at least 3"
    assert told in refusal_of(text)
    # What is not part of the run does not count.
    assert "mine" in experiments_of(f"document: d\nexperiments:\n{text}", experiments=["mine"])
    assert experiments_of(f"document: d\nexperiments:\n{text.replace('trials: 3', 'trials: 2')}")["later"].trials == 2


def test_two_classifiers_of_one_class_in_an_ensemble_are_refused(refusal_of):
    mine = entry("one_vs_all: 3, ensemble: all")
    yours = "  yours: {base: mine, title: t, ensemble: all}"
    assert (
        "mine.yaml: yours: one_vs_all: mine already classifies class 3 in ensemble 'all'; use another class"
        in refusal_of(f"{mine}\n{yours}")
    )


def test_settings_may_change_the_class_of_a_classifier_in_an_ensemble(experiments_of):
    mine, yours = entry("one_vs_all: 3, ensemble: all"), "  yours: {base: mine, title: t, one_vs_all: 4, ensemble: all}"
    found = experiments_of(f"document: d\nexperiments:\n{mine}\n{yours}", settings={"yours": {"one_vs_all": 3}})
    assert found["yours"].spec["one_vs_all"] == 3


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"per_clas": 3}, "config.yaml: profile: unknown key 'per_clas'; did you mean 'per_class'?"),
        ({"per_class": 0}, "config.yaml: profile.per_class: must be at least 1; got 0"),
        (
            {"experiments": {"mine": {"per_clas": 3}}},
            "config.yaml: profile.experiments.mine: unknown key 'per_clas'; did you mean 'per_class'?",
        ),
    ],
)
def test_an_invalid_limit_of_a_profile_is_refused(profile, expected, refusal_of):
    assert expected in refusal_of(entry("sampling: {per_class: 9}"), profile=profile)


OTHERS = """document: other
experiments:
  stranger: {title: t, model: {class_name: mlp}}
"""


def test_published_values_are_those_of_an_experiment_of_the_same_document(experiments_of):
    mine = "document: d\nexperiments:\n" + entry("published_as: stranger")
    with pytest.raises(ConfigError, match=r"mine: published_as: there is no experiment 'stranger'; known: mine$"):
        experiments_of(OTHERS, mine)
    same = OTHERS.replace("other", "d")
    assert experiments_of(same, mine)["mine"].published_as == "stranger"


def test_published_values_are_not_passed_on_by_an_experiment_that_has_none_itself(experiments_of):
    text = "document: d\nexperiments:\n" + entry("published_as: first")
    more = "\n  first: {base: mine, title: t}\n  last: {base: mine, title: t, published_as: mine}\n"
    found = experiments_of(text + more.replace("published_as: mine", "published_as: first"))
    assert {name: e.published_as for name, e in found.items()} == {"mine": "first", "first": None, "last": "first"}
    with pytest.raises(ConfigError, match="mine is itself compared with the values of first; name first"):
        experiments_of(text + more)
