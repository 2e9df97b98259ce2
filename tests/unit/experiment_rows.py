"""The expected size of the network of every experiment, and how it overfits a few images."""

from typing import Any, NamedTuple


class Expected(NamedTuple):
    """The expected properties of an experiment's network.

    Attributes:
        parameters: the number of all parameters, from the experiment's document or the network's description.
        learning_rate: of Adam, with which the network overfits 32 images.
        steps: the maximum number of steps that this takes, each on all 32 images.
        overrides: arguments of the model with which it takes seconds: a smaller network or other initial weights. The
            number of parameters and the first step are tested without them.
    """

    parameters: int
    learning_rate: float = 3e-3
    steps: int = 160
    overrides: dict[str, Any] | None = None


# The derivative of a sigmoid is at most 1/4; larger initial weights compensate for it.
WIDE_WEIGHTS = {"kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 16}}}
DEEP_WEIGHTS = {"kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 24}}}
THIN_BLOCKS = {"blocks": [[8, 8], [16, 16], [32, 32, 32]]}
FEW_BLOCKS = {"blocks": [1, 1], "filters": 16}
TWO_BLOCKS = {"filters": [8, 16]}
# Names or patterns of experiments that share a network; the first row that matches a name applies.
ROWS = {
    "growing_batch_* fixed_batch_paper_n? scaled_baseline exp001": Expected(101_770, learning_rate=1e-3),
    "exp002": Expected(93_322),
    "exp003": Expected(93_962),
    "exp004 exp005 exp006 exp007 exp107* exp108*": Expected(426_058, learning_rate=6e-3, overrides=THIN_BLOCKS),
    "exp008": Expected(435_306, learning_rate=6e-3, overrides=THIN_BLOCKS),
    "exp102*": Expected(257_162),
    "exp103* exp104* exp105* exp106* exp109*": Expected(257_802),
    "exp110* exp111* exp112*": Expected(1_911_178, learning_rate=1e-2, overrides=TWO_BLOCKS),
    "exp113* exp114*": Expected(2_350_858, learning_rate=1e-2, overrides=TWO_BLOCKS),
    "exp115": Expected(3_467_146, learning_rate=1e-2, overrides=TWO_BLOCKS),
    "width_2_4": Expected(156_026, overrides=WIDE_WEIGHTS),
    "width_5_10": Expected(389_480, learning_rate=1e-3, overrides=WIDE_WEIGHTS),
    "width_8_16": Expected(623_834, learning_rate=3e-4, overrides=WIDE_WEIGHTS),
    "width_10_20": Expected(780_570, learning_rate=3e-4, overrides=WIDE_WEIGHTS),
    "width_15_30_relu": Expected(1_174_160, learning_rate=1e-3),
    "width_15_30 width_15_30_he": Expected(1_174_160, learning_rate=3e-4, overrides=WIDE_WEIGHTS),
    "depth_1": Expected(245_932, overrides=DEEP_WEIGHTS),
    "depth_2": Expected(132_832, overrides=DEEP_WEIGHTS),
    "depth_3": Expected(56_020, overrides=DEEP_WEIGHTS),
    "depth_4": Expected(15_496, learning_rate=6e-3, overrides=DEEP_WEIGHTS),
    "mini_vgg mini_vgg_*": Expected(199_146),
    "basic_cnn_vs_all_?": Expected(731_290),  # two logits of 200 weights and a bias instead of ten
    "basic_cnn basic_cnn_*": Expected(732_898),
    "wide_resnet_16_4*": Expected(2_754_474, overrides={"depth": 10, "width": 1}),
    "resnet_18*": Expected(11_191_626, overrides=FEW_BLOCKS),
    "resnet_34*": Expected(21_310_922, overrides=FEW_BLOCKS),
    "mobilenet_v2*": Expected(2_270_218, overrides={"alpha": 0.35}),
    "shufflenet_v2*": Expected(4_028_582, overrides={"filters": [16, 32], "repeats": [1, 1]}),
    "shake_shake_34_3_4_6_3": Expected(42_416_970, overrides=FEW_BLOCKS),
    "shake_shake_34 shake_shake_34_as_committed": Expected(22_185_802, overrides=FEW_BLOCKS),
    "beyond_94": Expected(390_570, overrides={"filters": [8, 16, 32]}),
    "beyond_95": Expected(464_810, overrides={"filters": [8, 16, 32]}),
    "beyond_record": Expected(13_885_066, overrides={"filters": [8, 16, 32]}),
    "simpsons_c42_n155_b25_conv512": Expected(1_590_122, overrides={"filters": [16, 32, 64, 64, 64]}),
    "simpsons_c42_*": Expected(399_210),
    "simpsons_c20_n300_b20": Expected(393_556),
    "simpsons_mnist_gray": Expected(390_410),  # one channel instead of three in 32 filters of 3x3
    "simpsons_mnist_*": Expected(390_986),  # ten logits of 256 weights and a bias instead of 42
}
