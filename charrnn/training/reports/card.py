"""The model card: purpose, data, scores, calibration and limits of a model, as Markdown."""

from __future__ import annotations

from typing import Any

from charrnn.likeness import UNLIKE_SHARE
from charrnn.model_config import ModelConfig

_SCORE_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "top3_accuracy": "top-3 accuracy",
    "macro_f1": "macro-F1",
    "nll": "negative log-likelihood (nats)",
    "ece": "expected calibration error",
    "nats_per_char": "nats per character",
}

_USES = {
    "classifier": (
        "Tells which list of names a name resembles most.",
        "text-classification",
        "charrnn classify NAME --model .",
    ),
    "generator": (
        "Invents names that resemble those of a list.",
        "text-generation",
        "charrnn generate -n 10 --model .",
    ),
}

Scores = dict[str, dict[str, float]]
FEW_NAMES = 100
"""The card warns of labels with fewer names."""
_SAYS = {
    "classifier": "It answers which list a *name* resembles.",
    "generator": "Its names resemble those of a list.",
}
_LIMITS = {
    "classifier": " A name outside its {count} labels is still given one of them.",
    "generator": " It may invent a name that somebody bears.",
}


def score_table(metrics: Scores, spread: Scores | None = None) -> str:
    """A table of test scores as rows and models as columns.

    Args:
        metrics: by model, the scores by key.
        spread: likewise, their standard deviations over the parts of cross-validation.
    """
    columns = list(metrics)
    keys = [key for key in _SCORE_NAMES if key in metrics[columns[0]]]

    def cell(column: str, key: str) -> str:
        deviation = f" ± {spread[column][key]:.3f}" if spread else ""
        return f"{metrics[column][key]:.3f}{deviation}"

    rows = [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    rows += [f"| {_SCORE_NAMES[key]} | {' | '.join(cell(column, key) for column in columns)} |" for key in keys]
    return "\n".join(rows)


def scores_text(config: ModelConfig) -> str:
    """The scores of a model, after a line that says of which names they are; empty where there are none."""
    if not config.metrics:
        return ""
    if is_cross_validated(config):
        own = config.metrics["charrnn"]
        heading = (
            f"{config.data['folds']}-fold cross-validation: {own.get('n', own.get('names')):,} names, each scored by a "
            f"model that {_not_learned(config)}; mean ± standard deviation over the parts:"
        )
        return f"{heading}\n\n{score_table(config.metrics, config.data['spread'])}"
    heading = f"{config.data['test']:,} test names, never trained on:"
    return "\n\n".join(filter(None, (heading, score_table(config.metrics), interval_text(config.metrics))))


def _not_learned(config: ModelConfig) -> str:
    """What a model that scores a name in cross-validation did not do with it."""
    known = config.data.get("known_to_init", 0)
    started = f", but {known:,} of them were known to the model that training started from" if known else ""
    return f"was trained without it{started}"


def is_cross_validated(config: ModelConfig) -> bool:
    """Whether scores and calibration are those of cross-validation."""
    return "spread" in config.data


def interval_text(metrics: Scores) -> str:
    """What scores over few test names are worth, as a sentence; empty where they are many.

    Args:
        metrics: by model, the scores by key.
    """
    scores = metrics.get("charrnn", {})
    for key in ("accuracy", "nats_per_char"):
        if f"{key}_low" in scores:
            return (
                f"So few test names say little: with 95 % confidence, the {_SCORE_NAMES[key]} on many "
                f"more would be between {scores[f'{key}_low']:.2f} and {scores[f'{key}_high']:.2f}."
            )
    return ""


def out_of_source_table(report: dict[str, Any]) -> str:
    """Scores on another source.

    Args:
        report: of :func:`charrnn.inference.evaluation.evaluate_out_of_source`.
    """
    names = f"{report['names']:,} names of `{report['corpus']}`, none of them in the training list"
    if "nats_per_char" in report:
        return f"On {names}: {report['nats_per_char']:.3f} nats per character."
    recall = "\n".join(f"| {label} | {share:.2f} |" for label, share in report["recall"].items())
    scores = f"balanced accuracy {report['balanced_accuracy']:.3f}, top-3 accuracy {report['top3_accuracy']:.3f}"
    table = f"| label | recall |\n| --- | --- |\n{recall}"
    return f"On {names}, uniform prior over its labels; scored are those with at least 30 names: {scores}.\n\n{table}"


def label_table(config: ModelConfig) -> str:
    """Training names of each label, and its scores on test names or in cross-validation."""
    whose = "names scored" if is_cross_validated(config) else "test names"
    columns = {"names": whose, "precision": "precision", "recall": "recall", "f1": "F1"}
    columns |= {"nats_per_char": "nats per character"}
    shown = [key for key in columns if any(key in scores for scores in config.by_label.values())]
    rows = [f"| {' | '.join(['label', 'training names', *(columns[key] for key in shown)])} |"]
    rows += [f"| --- | --- |{' --- |' * len(shown)}"]
    for label, count in zip(config.labels, config.label_counts, strict=True):
        scores = config.by_label.get(label, {})
        cells = [_cell(key, scores[key]) if key in scores else "" for key in shown]
        rows.append(f"| {' | '.join([label, f'{count:,}', *cells])} |")
    return "\n".join(rows)


def _cell(key: str, value: float) -> str:
    return f"{value:,.0f}" if key == "names" else f"{value:.2f}" if key != "nats_per_char" else f"{value:.3f}"


def calibration_text(config: ModelConfig) -> str:
    """Weights of the experts, what they were fitted on, and what came of it on test names."""
    calibration = config.calibration
    weights = calibration["weights"]
    experts = {"network": "the network", "ngrams": "class-wise n-grams", "prior": "the label frequencies"}
    powers = ", ".join(f"{experts[key]} to the power of {weights[key]:.2f}" for key in experts if weights.get(key))
    text = f"The answer is a product of experts: {powers}."
    if config.task == "generator":
        whose = "names that each model was trained without" if is_cross_validated(config) else "validation names"
        return f"{text} These powers were fitted on {calibration['characters']:,} characters of {whose}."
    text += (
        f" These powers, and the thresholds of label sets, were fitted on the {calibration['names']:,} names, each "
        "scored by a model of cross-validation that was trained without it."
        if is_cross_validated(config)
        else f" These powers, and the thresholds of label sets, were fitted on "
        f"{calibration['names']:,} validation names, which chose the epoch and the learning rates, too. So how well "
        "they hold can only be told on names that chose nothing."
    )
    if weights["memory"]:
        text += (
            f" A label under which the list has exactly the name gains {weights['memory']:.2f} nats; the "
            "names that are scored here are scored without."
        )
    if judged := calibration.get("likeness"):
        whose = "names" if is_cross_validated(config) else "validation names"
        text += (
            " A name that is not listed is unlike the list, and abstains, where its n-grams are less likely than "
            f"those of {100 * (1 - UNLIKE_SHARE):.2f} % of the {whose} of its script; this is so for "
            f"{', '.join(map(str.title, judged))}."
        )
    if "test" not in calibration:
        nothing = " This model has none (`--test-fraction 0`): nothing is promised."
        return text if is_cross_validated(config) else text + nothing
    rows = [
        f"| {100 * float(promised):.0f} % | {100 * found['coverage']:.1f} % | {found['size']:.2f} |"
        for promised, found in calibration["test"].items()
    ]
    if is_cross_validated(config):
        whose = "On these names, each under a calibration by the others,"
    else:
        ece = config.metrics["charrnn"]["ece"]
        whose = f"On the {config.data['test']:,} test names the expected calibration error is {ece:.3f}, and"
    return "\n".join(
        [
            f"{text} {whose} this is what the sets of labels (split conformal prediction) held:",
            "",
            "| promised | held the label | mean number of labels |",
            "| --- | --- | --- |",
            *rows,
            "",
            "![Accuracy of these names against the confidence of their answers](reliability.png)",
        ]
    )


def split_text(config: ModelConfig) -> str:
    """What the names of a model were used for."""
    data = config.data
    if is_cross_validated(config):
        return "all of them trained on"
    return (
        "split by name (spellings that differ in case or marks alone\nstay together) into "
        f"{data['train']:,} for training, {data['validation']:,} for validation and {data['test']:,} for\n"
        f"testing, seed {data['seed']}"
    )


_TEXTS = {
    "ascii": "in ASCII",
    "ascii-folded": "in ASCII and folded case",
    "folded": "in folded case, Latin letters without their marks, other scripts as they are",
    "latin": "in Latin letters with their marks, in Unicode NFC",
    "native": "with diacritics, in Unicode NFC",
    "native-folded": "with diacritics, in Unicode NFC and folded case",
}


def model_card(config: ModelConfig, command: str) -> str:
    """The text of ``README.md``, with the front matter that model hubs read.

    Args:
        config: of the folder.
        command: that trains this model again.
    """
    purpose, pipeline_tag, usage = _USES[config.task]
    data = config.data
    scores = scores_text(config) or "No test split was kept (`--test-fraction 0`), so there is no score."
    outside = "\n" + out_of_source_table(config.out_of_source) + "\n" if config.out_of_source else ""
    refit = config.training.get("refit")
    refitted = (
        f"\nAfter validation had found the number of epochs and the learning rates, the final model learned from all "
        f"{refit['names']:,} training and validation names.\n"
        if refit
        else ""
    )
    text = _TEXTS[config.pipeline]
    small = [label for label, count in zip(config.labels, config.label_counts, strict=True) if count < FEW_NAMES]
    few = f" Few names were known for {', '.join(small)}: expect less of these." if small else ""
    return f"""---
library_name: charrnn
pipeline_tag: {pipeline_tag}
tags: [names, character-rnn, {config.task}]
---
# Name {config.task}

{purpose} A one-layer character {config.architecture["cell"].upper()} with {config.architecture["hidden"]} units,
trained with charrnn; it answers with NumPy alone.

```sh
{usage}
```

## Data

`{data["source"]}`: {data["names"]:,} names, {split_text(config)}. Names are read {text}. Fingerprint
`{data["fingerprint"]}`.
{refitted}
## Scores

{scores}

A random split of one list flatters: names from other sources score lower.
{outside}
{label_table(config)}

## Calibration

{calibration_text(config)}

## Train it again

```sh
{command}
```

## Intended use and limits

For names in reference lists: stories, games, teaching, rough statistics. {_SAYS[config.task]} It
does not establish a person's identity, origin, nationality or ancestry, and must not be used to decide anything about a
person.{few}{_LIMITS[config.task].format(count=len(config.labels))}
"""
