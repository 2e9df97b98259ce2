"""YAML that is no configuration is refused with file, key or line, and remedy: no traceback, and no waiting."""

import random
import time

import pytest
import yaml

from lookbook.config.experiments import resolve
from lookbook.config.strict_yaml import MAXIMUM_DEPTH, parse_yaml, read_yaml
from lookbook.config.trial_specs import parse_settings
from lookbook.config.validation import ROOT, schema
from lookbook.errors import ConfigError

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000))
REFUSED = {
    "a: 1\nb: 2\na: 3": "line 3: 'a' is given twice; remove one",
    "x:\n  - {lr: 1, momentum: 2, lr: 3}": "line 2: x[0]: 'lr' is given twice",
    "1: 2": "the key 1 is not text; put it in quotes",
    "true: 2": "the key True is not text",
    "null: 2": "the key NoneType is not text",
    "? [a, b]\n: 2": "line 1: a key must be text",
    "a: 2020-01-01": "line 1: a: must be text, a number, a list or a mapping, not a date; put it in quotes",
    "2020-01-01: a": "not a date",
    "a: !!set {x}": "not a set; write a list",
    "a: !!binary aGVsbG8=": "not binary data",
    "a: !!python/object/apply:os.system ['true']": "not the tag tag:yaml.org,2002:python/object/apply:os.system"[:12],
    "a: !mine 3": "not the tag !mine",
    "a: !!omap [x: 1]": "not the tag omap",
    "a: =": "not the tag value",
    f"a: {'9' * 5000}": "is a number of more than 15 digits",
    f"a: 0x{'f' * 5000}": "is a number of more than 15 digits",
    "a: {b: .nan}": "a.b: must be a finite number; got nan",
    "a: 1.0e+999": "a: must be a finite number; got inf",
    'a: "x\\0y"': "a: has a NUL character; remove it",
    "a: x\0y": "not valid YAML",
    "a: " + "[" * 20_000 + "]" * 20_000: f"line 1: is nested more than {MAXIMUM_DEPTH} levels deep",
    "a: " + "{b: " * 500 + "}" * 500: f"is nested more than {MAXIMUM_DEPTH} levels deep",
    "- " * 500 + "a": f"is nested more than {MAXIMUM_DEPTH} levels deep",
    BOMB: "values with its aliases; write fewer",
    CHAIN: "values with its aliases; write fewer",
    "".join(CHAIN.splitlines(keepends=True)[:100]): "levels deep; flatten it",
    "a: &a [*a]": "values with its aliases",
    "a: &a {b: *a}": "values with its aliases",
    "a: [1": "not valid YAML",
    "a: b: c": "not valid YAML",
    "a: *b": "not valid YAML",
    "<<: 3": "not valid YAML",
    "\t- a": "not valid YAML",
    "a: 1\n---\nb: 2": "not valid YAML",
    "": "is empty",
    "# nothing": "is empty",
    "[a]": "must be a mapping of keys to values, not list",
    "text": "must be a mapping of keys to values, not str",
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_no_configuration_is_refused_at_once(text, expected, tmp_path):
    (tmp_path / "my.yaml").write_text(text)
    started = time.monotonic()
    with pytest.raises(ConfigError) as refusal:
        read_yaml(tmp_path / "my.yaml")
    assert time.monotonic() - started < 2
    assert str(refusal.value).startswith(str(tmp_path / "my.yaml"))
    assert expected in str(refusal.value)
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize("content", [b"a: \xff", b"\xff\xfea\x00", b"a: \xc3"])
def test_a_file_that_is_not_utf_8_is_refused(content, tmp_path):
    (tmp_path / "my.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"my\.yaml: (is not UTF-8|not valid YAML)"):
        read_yaml(tmp_path / "my.yaml")


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(ConfigError, match="check experiment_files"):
            read_yaml(path)


def test_what_a_configuration_holds_is_read_as_by_a_safe_loader():
    files = [*(ROOT / "config").rglob("*.yaml"), *(ROOT / "profiles").rglob("*.yaml")]
    assert len(files) > 10
    for file in files:
        assert read_yaml(file) == yaml.safe_load(file.read_text(encoding="utf-8"))
    assert parse_yaml("{a: &x {b: 1}, c: {<<: *x, d: 2}}", "text") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}}


def test_a_setting_of_a_command_line_is_as_strict():
    assert parse_settings(["training.epochs=5", "note=null"]) == {"training": {"epochs": 5}, "note": None}
    for value in ("{a: 1, a: 2}", "2020-01-01", "9" * 5000, "!!set {x}", "[" * 5000):
        with pytest.raises(ConfigError, match=r"^--set a="):
            parse_settings([f"a={value}"])


def refusal(config, root=ROOT) -> str:
    """Return the message with which a configuration is refused, or an empty text if it resolves."""
    started = time.monotonic()
    try:
        resolve(config, root)
        message = ""
    except ConfigError as error:
        message = str(error)
    assert time.monotonic() - started < 2
    assert len(message) < 2100
    return message


# What Snakemake may pass as the value of any key.
VALUES = [
    None,
    [],
    {},
    "",
    "x" * 100_000,
    "{x}",
    "a\0b",
    0,
    -1,
    10**400,
    1.5,
    float("nan"),
    True,
    {1: 2},
    {"a": {3}},
    b"x",
]
VALUES += [[[]] * 3, {"x" * 100_000: 1}, {"class_name": None}, "../x", "/", "config"]


def leaves(node, key=()):
    for name, child in node.get("properties", {}).items():
        yield (*key, name)
        yield from leaves(child, (*key, name))


def test_every_key_of_the_configuration_takes_its_values_or_refuses_them():
    base = read_yaml(ROOT / "config" / "config.yaml") | {"experiment_files": ["config/experiments/width_depth.yaml"]}
    tried = refused = 0
    for key in leaves(schema("config")):
        for value in VALUES:
            config = yaml.safe_load(yaml.safe_dump(base))
            place = config
            for name in key[:-1]:
                place = place[name]
            place[key[-1]] = value
            message = refusal(config)
            assert not message or key[0] in message or "unknown key" in message, (key, value)
            refused += bool(message)
            tried += 1
    assert tried > 400
    assert refused > tried / 2


@pytest.mark.parametrize(
    "folder",
    ["res{x}", "config", "config/mine", "./rules", "workflow/x", "", ".", "..", "../x", "a/../b", ".git", "a\nb"],
)
def test_a_results_folder_that_cannot_be_one_is_refused(folder):
    with pytest.raises(ConfigError, match=r"^config\.yaml: results: "):
        resolve({"results": folder}, ROOT)


def test_a_long_chain_of_bases_is_refused(tmp_path):
    entries = {f"e{n}": {"title": "t", "base": f"e{n - 1}"} for n in range(1, 2000)}
    entries["e0"] = {"title": "t", "model": {"class_name": "mlp"}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"document": "mine", "experiments": entries}))
    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"mine\.yaml: e\d+: base: is one of more than 100 in a chain"):
        resolve({"experiment_files": [str(tmp_path / "mine.yaml")]}, ROOT)
    assert time.monotonic() - started < 2


def mutant(text: str, draw: random.Random) -> str:
    """Return YAML with one to three changes: of characters, lines or values."""
    odd = [
        "{}",
        "[]",
        "null",
        "-1",
        "1.0e+999",
        "2020-01-01",
        "!!set {a}",
        "*a",
        "&a",
        "yes",
        "'",
        '"',
        ": ",
        "- ",
        "\t",
    ]
    odd += [
        "9" * 5000,
        "x" * 100_000,
        "\0",
        "\t",
        "[" * 3000,
        "<<: 1",
        "#",
        "%",
        "{a: {b: {c: d}}}",
        "é",
        "0",
        "1e3",
        "? x",
    ]
    for _ in range(draw.randint(1, 3)):
        lines = text.splitlines(keepends=True)
        number, place = draw.randrange(len(lines)), draw.randrange(len(text))
        match draw.randrange(6):
            case 0:
                text = text[:place] + draw.choice(odd) + text[place:]
            case 1:
                text = text[:place] + text[place + draw.randint(1, 30) :]
            case 2:
                lines[number] = lines[number].partition(":")[0] + ": " + draw.choice(odd) + "\n"
                text = "".join(lines)
            case 3:
                text = "".join(lines[:number] + lines[number + 1 :]) or "a"
            case 4:
                text = "".join([*lines[:number], draw.choice(lines), *lines[number:]])
            case 5:
                words = text.split(" ")
                words[draw.randrange(len(words))] = draw.choice([*odd, draw.choice(words)])
                text = " ".join(words)
    return text


def test_mutants_of_the_experiment_files_resolve_or_are_refused(tmp_path, mutants):
    draw = random.Random(0)
    # Files of one document each; of the long ones, only some entries, so that a mutant takes milliseconds.
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "config" / "experiments").glob("*.yaml"))]
    file, refused = tmp_path / "mine.yaml", 0
    for number in range(mutants):
        file.write_text(mutant(draw.choice(texts), draw), encoding="utf-8", errors="surrogatepass")
        message = refusal({"experiment_files": [str(file)]})
        assert not message or message.startswith((str(file), "config.yaml")), (number, message[:300])
        refused += bool(message)
    assert refused > mutants / 4
