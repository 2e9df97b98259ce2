"""Which precision and which compiler a network trains with, by the hardware."""

import keras
import pytest

from lookbook.training.precision import Hardware, choose_compilation, choose_precision, has_bfloat16_convolutions
from lookbook.training.setup import is_convolutional


def cpu(flags: str) -> Hardware:
    return Hardware(processor_flags=frozenset(flags.split()))


@pytest.mark.parametrize(
    ("requested", "convolutional", "hardware", "expected"),
    [
        ("auto", True, cpu("sse avx2 amx_bf16 amx_tile"), "mixed_bfloat16"),
        ("auto", False, cpu("sse avx2 amx_bf16 amx_tile"), "float32"),
        ("auto", True, cpu("sse avx2 avx512_bf16"), "mixed_bfloat16"),
        ("auto", False, cpu("sse avx2 avx512_bf16"), "float32"),
        ("auto", True, cpu("sse avx2 avx512f"), "float32"),
        ("auto", True, cpu(""), "float32"),
        ("auto", True, Hardware(8.0), "mixed_bfloat16"),
        ("auto", False, Hardware(9.0), "float32"),
        ("auto", True, Hardware(7.5, frozenset({"amx_bf16"})), "float32"),
        ("auto", True, Hardware(0.0), "float32"),
        ("float32", True, cpu("amx_bf16"), "float32"),
        ("mixed_bfloat16", True, cpu("amx_bf16"), "mixed_bfloat16"),
    ],
)
def test_auto_is_bfloat16_for_convolutions_where_the_hardware_has_it(requested, convolutional, hardware, expected):
    assert choose_precision(requested, convolutional, hardware) == expected


@pytest.mark.parametrize(
    ("requested", "convolutional", "hardware", "steps", "backend", "expected"),
    [
        ("auto", False, cpu(""), 1000, "tensorflow", "xla"),
        ("auto", False, cpu(""), 999, "tensorflow", "graph"),
        ("auto", False, cpu(""), 4, "tensorflow", "eager"),
        ("auto", True, cpu(""), 100_000, "tensorflow", "graph"),
        ("auto", True, cpu(""), 5, "tensorflow", "graph"),
        ("auto", True, cpu(""), 4, "tensorflow", "eager"),
        ("auto", True, Hardware(8.0), 5, "tensorflow", "xla"),
        ("auto", True, Hardware(8.0), 4, "tensorflow", "eager"),
        ("auto", True, cpu(""), 1, "jax", "xla"),
        ("graph", True, cpu(""), 1000, "jax", "xla"),
        ("xla", True, cpu(""), 1, "tensorflow", "xla"),
        ("graph", False, Hardware(8.0), 1, "tensorflow", "graph"),
    ],
)
def test_auto_runs_a_few_steps_eagerly_and_uses_xla_where_it_repays(
    requested, convolutional, hardware, steps, backend, expected
):
    assert choose_compilation(requested, convolutional, hardware, steps, backend) == expected


@pytest.mark.parametrize(
    ("hardware", "expected"), [(cpu("avx2"), False), (cpu("avx2 avx512f"), True), (Hardware(7.0), True)]
)
def test_bfloat16_convolutions_are_fast_on_gpus_and_where_onednn_has_kernels(hardware, expected):
    assert has_bfloat16_convolutions(hardware) is expected


@pytest.mark.parametrize("layer", ["Conv2D", "DepthwiseConv2D", "SeparableConv2D"])
def test_a_convolution_is_found_at_any_depth(layer):
    arguments = {"kernel_size": 3} if layer == "DepthwiseConv2D" else {"filters": 2, "kernel_size": 3}
    inner = keras.Sequential([keras.Input((8, 8, 1)), getattr(keras.layers, layer)(**arguments)])
    outer = keras.Sequential([keras.Input((8, 8, 1)), inner, keras.layers.Flatten()])
    assert is_convolutional(outer)


def test_a_dense_network_is_not_convolutional():
    dense = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    assert not is_convolutional(dense)
