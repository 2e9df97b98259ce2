"""Names, arguments and learning rates that cannot be used are refused with the nearest valid name."""

import pytest


def entry(keys: str, model: str = "{class_name: mlp}") -> str:
    return f"  mine: {{title: t, model: {model}, {keys}}}"


def schedule(name: str, arguments: str) -> str:
    rate = f"{{class_name: {name}, config: {{{arguments}}}}}"
    return entry(f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}")


RATE = "optimizer.config.learning_rate"

REFUSED = {
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


@pytest.mark.parametrize(("text", "expected"), REFUSED.items())
def test_refused_with_file_experiment_key_and_remedy(text, expected, refusal_of):
    assert f"mine.yaml: mine: {expected}" in refusal_of(text)
