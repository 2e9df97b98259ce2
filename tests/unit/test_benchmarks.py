"""The benchmarks: their cases, result files, kinds of operations, and networks in PyTorch."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import augmentation
import breakdown
import results_file
from cases import CASES, IMAGES, images_and_labels, spec_of

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = (
    "augmentation",
    "throughput",
    "breakdown",
    "trials",
    "scale",
    "precision",
    "precision_choice",
    "slots",
    "projection",
    "many_trials",
)


@pytest.mark.parametrize("name", CASES)
def test_a_case_trains_its_network_on_every_image(name):
    case = CASES[name]
    spec = spec_of(case, "tensorflow")
    assert spec["training"]["batch_size"] == case.batch_size
    assert spec["split"]["validation"] == 0
    assert bool(spec["augmentation"]) == case.augmented


def test_there_are_60_000_images():
    images, labels = images_and_labels()
    assert (images.shape, images.dtype.name) == ((IMAGES, 28, 28, 1), "uint8")
    assert (len(labels), set(labels.tolist())) == (IMAGES, set(range(10)))


def test_a_section_replaces_only_the_one_of_its_title(tmp_path):
    for title, text in [("One", "old"), ("Two", "stays"), ("One", "new\n\n### inside\n\nstill one")]:
        path = results_file.write_section("AMD EPYC, 2 cores", title, text, tmp_path)
    assert path.name == "amd-epyc-2-cores.md"
    written = path.read_text()
    assert re.findall("^#+ .*", written, re.MULTILINE) == ["# AMD EPYC, 2 cores", "## One", "### inside", "## Two"]
    assert "old" not in written
    assert "stays" in written
    results_file.write_section("AMD EPYC, 2 cores", "Two", "stays", tmp_path)
    assert path.read_text() == written


def test_hardware_is_named_by_its_gpu_or_by_its_processor_and_cores(monkeypatch):
    monkeypatch.setattr(results_file.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert results_file.hardware("cpu: AMD EPYC, 1 thread") == "AMD EPYC, 2 cores"
    assert results_file.hardware("gpu: NVIDIA H100 80GB HBM3") == "NVIDIA H100 80GB HBM3"


def test_a_checkpoint_keeps_earlier_measurements(tmp_path):
    path = tmp_path / "measured.json"
    results_file.Checkpoint(path)["exp104 2"] = {"rate": 1.5}
    later = results_file.Checkpoint(path)
    later["exp104 4"] = {"rate": 2.5}
    assert results_file.Checkpoint(path) == {"exp104 2": {"rate": 1.5}, "exp104 4": {"rate": 2.5}}
    results_file.Checkpoint(None)["exp104 2"] = {"rate": 1.5}
    assert list(tmp_path.iterdir()) == [path]


def test_measurements_of_the_checkpoint_are_written_and_not_repeated(tmp_path):
    row = ["dense", "32", "float32, xla", "130,000 (spread 5%)", "10,000 (spread 9%)", "**13.00**", "8"]
    case = {"row": row, "share": None, "device": "cpu: AMD EPYC, 2 threads", "versions": {"keras": "3"}}
    case["rates"] = {"ours": 130_000, "keras_fit": 10_000, "torch_eager": 100_000, "torch_compiled": 104_000}
    checkpoint = tmp_path / "measured.json"
    checkpoint.write_text(json.dumps({"dense": case}))
    command = [sys.executable, BENCHMARKS / "throughput.py", "--cases", "dense", "--checkpoint", checkpoint]
    environment = os.environ | {"LOOKBOOK_BENCHMARK_RESULTS": str(tmp_path / "results")}
    # A measurement would take longer than the timeout.
    subprocess.run([*command, "--contenders", "keras_fit"], env=environment, timeout=40, check=True)
    [written] = (tmp_path / "results").iterdir()
    assert f"| {' | '.join(row)} |" in written.read_text()
    assert "faster PyTorch: geometric mean **1.25**; 1 of 1 cases are at least as fast." in written.read_text()


def test_a_trace_gives_the_seconds_of_each_operation(tmp_path):
    tf = pytest.importorskip("tensorflow")
    from profile_file import seconds_by_operation

    multiply = tf.function(lambda x: tf.matmul(x, x, name="product"))
    matrix = tf.ones((200, 200))
    multiply(matrix)
    tf.profiler.experimental.start(str(tmp_path))
    multiply(matrix).numpy()
    tf.profiler.experimental.stop()
    spent = seconds_by_operation(tmp_path)
    # Where oneDNN computes the product, its type is _MklMatMul.
    [seconds] = [seconds for name, seconds in spent.items() if name.startswith("product:")]
    assert 0 < seconds < 1
    assert all(":" in name and seconds >= 0 for name, seconds in spent.items())


@pytest.mark.parametrize("pair", augmentation.PAIRS, ids=lambda pair: pair.ours[0])
def test_a_transform_and_the_layer_it_is_measured_with_both_augment(pair):
    images = np.random.default_rng(0).integers(0, 256, (64, 12, 12, 3)).astype("float32")
    for entry in (pair.ours, pair.keras):
        augmented, _ = augmentation.transform_of(entry)(images, np.eye(64, dtype="float32"))
        assert (np.asarray(augmented) != images).any()


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("input/GatherV2:GatherV2", "input"),
        ("input_3/Cast:Cast", "input"),
        ("augmentation_1/MatMul:BatchMatMulV2", "augmentation"),
        ("optimizer/adam/AssignSubVariableOp:AssignSubVariableOp", "optimizer"),
        ("basic_cnn_1/block1_conv1/BiasAdd:_FusedConv2D", "convolution"),
        ("gradient_tape/basic_cnn/block1_conv2/Conv2DBackpropFilter:Conv2DBackpropFilter", "convolution"),
        ("gradient_tape/basic_cnn/bn/FusedBatchNormGradV3:FusedBatchNormGradV3", "normalization"),
        ("small_cnn/dense1/MatMul:MatMul", "dense layers"),
        ("gradient_tape/small_cnn/block1_pool/MaxPoolGrad:MaxPoolGrad", "pooling"),
        ("basic_cnn/dropout/StatelessRandomUniformV2:StatelessRandomUniformV2", "dropout"),
        ("basic_cnn/block1_relu/Relu:Relu", breakdown.REST),
    ],
)
def test_an_operation_has_the_kind_of_its_scope_or_type(operation, kind):
    assert breakdown.kind_of(operation) == kind


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [
        ("dense", 784 * 128, 128 * 10),
        ("width_8_16", 28 * 28 * 5 * 5 * 8, 22 * 22 * 5 * 5 * 8 * 16 + 22 * 22 * 16 * 80 + 80 * 10),
    ],
)
def test_floating_point_operations_include_both_gradients(name, first, others):
    assert breakdown.operations_of(name) == 2 * (2 * first + 3 * others)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_benchmark_has_a_help_text(name):
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "usage:" in done.stdout


@pytest.mark.parametrize("name", ["dense", "width_8_16", "exp104", "exp107", "basic_cnn", "resnet_18"])
def test_the_network_in_pytorch_has_the_parameters_of_keras_s(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from contenders.torch_eager import Network
    from lookbook import models

    spec = spec_of(CASES[name], "tensorflow")
    model = models.build(spec["model"], (28, 28, 1), 10, spec["rescaling"])
    network = Network(model)
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    statistics = [buffer for key, buffer in network.named_buffers() if "running" in key]
    assert sum(tensor.numel() for tensor in [*network.parameters(), *statistics]) == model.count_params()
