"""The commands of README.md and docs/ run as they stand, and print what the text says."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from charrnn.inference import load
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def blocks(text, language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [content for name, content in fenced if name == language]


def commands(text):
    lines = (line.removeprefix("$ ") for block in blocks(text, "sh") for line in block.splitlines())
    return [line for line in lines if line.strip() and not line.startswith("#")]


COMMANDS = commands(README)
TRAINING = [c for c in COMMANDS + commands(DOCS["training.md"]) if "charrnn.train" in c]
# Run elsewhere: the page in the browser test, the service in test_serving.py, make by continuous integration, a whole
# training run by the benchmarks.
ELSEWHERE = ("make ", "git clone", "cd ", "pip install", "python app.py", "curl ", "python -m charrnn.train")


def words(command):
    command = shlex.split(command, comments=True)
    starts = {"charrnn": [sys.executable, "-m", "charrnn"], "python": [sys.executable]}
    return starts[command[0]] + command[1:]


def output(command, folder=ROOT):
    done = subprocess.run(words(command), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def is_printed(out):
    """The README prints this output, line by line."""
    return any(out in block for block in blocks(README, ""))


def shows_facts_of_the_model(out):
    config = load("names/classifier").config
    lines = dict(re.split(r"\s{2,}|(?<=, charrnn) ", line, maxsplit=1) for line in out.splitlines())
    assert lines["task"] == "classifier" and lines["sha256"] == config.weights_sha256
    assert lines["labels"] == f"{len(config.labels)}: {', '.join(config.labels)}"
    return f"accuracy {config.metrics['charrnn']['accuracy']:.3f}" in lines["test, charrnn"]


def table(rows):
    """The rows of the README's table of scores: name, charrnn's, the 4-gram's."""
    return {row[0]: row[1:] for row in (re.split(r"\s*\|\s*", row.strip("| ")) for row in rows)}


SCORES = table(line for line in README.splitlines() if re.match(r"\| \w.*\d", line))


def has_the_scores_of_the_table(out):
    scores = {key: float(value.replace(",", "")) for key, value in map(str.split, out.splitlines())}
    assert f"{scores['n']:,.0f} names they never saw" in README
    shown = {
        "accuracy": "accuracy",
        "top-3 accuracy": "top3_accuracy",
        "macro-F1": "macro_f1",
        "negative log-likelihood (nats)": "nll",
        "expected calibration error": "ece",
    }
    return all(abs(float(SCORES[row][0]) - scores[key]) < 0.0006 for row, key in shown.items())


def five_names(pattern, longest=100, new=False):
    def check(out):
        names = out.splitlines()
        training_names = load("names/generator").training_names if new else ()
        assert not {name.lower() for name in names} & set(training_names)
        return len(names) == 5 and all(re.fullmatch(pattern, name) and len(name) <= longest for name in names)

    return check


def shows_more_labels_where_they_are_needed(out):
    ye, dostoevsky = out.splitlines()
    return ye.count("%") > dostoevsky.count("%") == 1 and "Russian" in dostoevsky


def abstains_and_shows_the_probabilities(out):
    lines = out.splitlines()
    assert [line.count("%") for line in lines] == [3, 3, 3]
    reasons = ["uncertain-score", "unlike-training", "not-a-name"]
    return [line.rpartition("abstains: ")[2] for line in lines] == reasons


def tells_a_sure_family_first(out):
    kovacic, sato, priya = out.splitlines()
    assert "South Slavic 9" in kovacic and ": Croatian" in kovacic
    return "Japanese" in sato and ":" not in sato and priya.count("%") == 2


def answers_with_families(out):
    families = set(load("names/classifier").config.families.values())
    return set(re.findall(r"(?:^Ingrid +|   )([A-Z][^\d]+?) \d", out)) < families


def asks_among_three_labels(out):
    shares = [float(share) for share in re.findall(r"([\d.]+)%", out)]
    return set(re.findall(r"[A-Z]\w+(?= \d)", out)) == {"Irish", "Scottish", "English"} and abs(sum(shares) - 100) < 0.2


def audits(out):
    for needed in ("209,682 rows", "several labels: no classifier can pass 85.4%", "Vietnamese", "written in ASCII"):
        assert needed in out
    return out.count("\n  next: ") == len(re.findall(r"^(info|warning|error): ", out, re.MULTILINE)) > 0


PROMISES = {
    'charrnn classify Satoshi Dostoevsky Papadopoulos "O\'Sullivan" Nguyen': is_printed,
    "charrnn generate --label Italian -n 5 --seed 7": is_printed,
    "charrnn info names/classifier": shows_facts_of_the_model,
    "charrnn evaluate --model names/classifier --data names --split test": has_the_scores_of_the_table,
    'charrnn classify "Kovačić" 佐藤 Priya --top-k 2': tells_a_sure_family_first,
    "charrnn classify Ingrid --kind female --level family": answers_with_families,
    "charrnn generate --label Scottish -n 5 --seed 1 --prefix Mac --max-length 9": five_names("Mac.*", 9),
    'charrnn generate --label Italian -n 5 --seed 1 --pattern "[A-Z][a-z]+(ini|etti)" --novel': five_names(
        "[A-Z][a-z]+(ini|etti)", new=True
    ),
    "charrnn generate --label Czech --kind full -n 4 --seed 3": is_printed,
    "charrnn generate --label Spanish --kind full --gender female -n 5 --seed 1 --prefix A --surname-prefix Gar": (
        five_names("A.* Gar.* .+")
    ),
    "charrnn classify Ye Dostoevsky --coverage 0.9": shows_more_labels_where_they_are_needed,
    'charrnn classify Ye Xqzwvkjx "Acme Ltd" --min-probability 0.7': abstains_and_shows_the_probabilities,
    "charrnn classify Gordon --labels Irish,Scottish,English": asks_among_three_labels,
    'charrnn classify "O\'Sullivan" --explain': is_printed,
    "charrnn corpus audit names": audits,
}
"""What the text says of the output of each command that runs here."""


def test_every_command_has_its_promise_and_every_printed_line_its_command():
    here = [command for command in COMMANDS if not command.startswith(ELSEWHERE)]
    assert here == list(PROMISES)
    printed = "".join(blocks(README, ""))
    assert printed == "".join(output(command) for command, promise in PROMISES.items() if promise is is_printed)


@pytest.mark.parametrize("command", [c for c in PROMISES if PROMISES[c] is not is_printed])
def test_a_command_prints_what_the_text_says(command):
    assert PROMISES[command](output(command)), "the text says something else"


def test_the_table_holds_the_scores_of_the_model_cards():
    metrics = {task: load(f"names/{task}").config.metrics for task in ("classifier", "generator")}
    for column, who in enumerate(("charrnn", "4-gram")):
        assert SCORES["accuracy"][column] == f"{metrics['classifier'][who]['accuracy']:.3f}"
        assert SCORES["negative log-likelihood (nats)"][column] == f"{metrics['classifier'][who]['nll']:.3f}"
        assert SCORES["generator, nats per character"][column] == f"{metrics['generator'][who]['nats_per_char']:.3f}"


@pytest.mark.parametrize("command", TRAINING)
def test_training_command_is_understood(command):
    from charrnn.train import parse
    from charrnn.training.settings import SETTINGS, from_flags

    given = shlex.split(command, comments=True)
    flags = parse(given[given.index("charrnn.train") + 1 :])
    assert flags.out and from_flags(SETTINGS[flags.task], flags)


def python_output(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_the_python_example_of_the_readme(tmp_path):
    (code,) = blocks(README, "python")
    *answers, names = python_output(code, tmp_path).splitlines()
    assert len(answers) == 3 and "Czech" in answers[0] and "Scottish" in answers[1]
    assert answers[2] == "? () no-letters"
    assert names == str(load("names/generator").sample("Japanese", n=5, seed=7, temperature=0.8))


def test_the_example_of_the_onnx_page(tmp_path):
    for command in commands(DOCS["onnx.md"]):
        assert "model.onnx" in output(command, tmp_path)
    (code,) = blocks(DOCS["onnx.md"], "python")
    rows = [line.split() for line in python_output(code, tmp_path).splitlines()]
    assert [row[:2] for row in rows] == [["Satoshi", "Japanese"], ["Papadopoulos", "Greek"]]
    assert all(float(total) == pytest.approx(1, abs=1e-4) for _, _, total in rows)
    written = json.loads((tmp_path / "classifier-onnx" / "config.json").read_text(encoding="utf-8"))
    assert written["labels"] == load("names/classifier").labels


@pytest.mark.parametrize("name", ["README.md", "data/README.md", *(f"docs/{name}" for name in DOCS)])
def test_links_lead_somewhere(name):
    page = ROOT / name
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_nothing_advises_to_install_a_stranger_s_package():
    """On the package index, charrnn is another project."""
    texts = [*ROOT.glob("*.*"), ROOT / "Makefile", ROOT / "NOTICE"]
    texts += [
        path for folder in ("charrnn", "docs", "data", "benchmarks", ".ci") for path in (ROOT / folder).rglob("*")
    ]
    for path in texts:
        if path.suffix in (".py", ".md", ".txt", ".toml", "") and path.is_file():
            content = path.read_text(encoding="utf-8")
            assert not re.search(r"pip install\s[^\n`]*\bcharrnn\b", content), path
            assert not re.search(r"charrnn(-names)?\[[a-z]", content.replace('"charrnn-names[app,', "")), path
