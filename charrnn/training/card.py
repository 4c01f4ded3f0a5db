"""The model card: what a model is, what it was trained on, how good it is, what it is not for."""

from __future__ import annotations

from typing import Any

from charrnn.model_folder import ModelConfig

_KEYS = {
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
        "charrnn classify Satoshi --model .",
    ),
    "generator": (
        "Invents names that resemble those of a list.",
        "text-generation",
        "charrnn generate -n 10 --model .",
    ),
}


def score_table(metrics: dict[str, dict[str, float]]) -> str:
    """A Markdown table: figures as rows, models as columns."""
    columns = list(metrics)
    keys = [key for key in _KEYS if key in metrics[columns[0]]]
    rows = [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    rows += [f"| {_KEYS[key]} | {' | '.join(f'{metrics[c][key]:.3f}' for c in columns)} |" for key in keys]
    return "\n".join(rows)


def out_of_source_table(report: dict[str, Any]) -> str:
    """What a model scores on another source, as Markdown."""
    told = f"{report['names']:,} names of `{report['corpus']}`, none of them in the training list"
    if "nats_per_char" in report:
        return f"On {told}: {report['nats_per_char']:.3f} nats per character."
    recall = "\n".join(f"| {label} | {share:.2f} |" for label, share in report["recall"].items())
    figures = f"balanced accuracy {report['balanced_accuracy']:.3f}, top-3 accuracy {report['top3_accuracy']:.3f}"
    table = f"| label | recall |\n| --- | --- |\n{recall}"
    return f"On {told}, uniform prior, labels with at least 30 names: {figures}.\n\n{table}"


def model_card(config: ModelConfig, command: str) -> str:
    """Text of ``README.md``, with the front matter that model hubs read.

    Args:
        config: of the folder.
        command: the command that trains this model again.
    """
    purpose, pipeline_tag, usage = _USES[config.task]
    data = config.data
    scores = (
        f"On the {data['test']:,} names of the test split, which took no part in training:\n\n"
        + score_table(config.metrics)
        if config.metrics
        else "No test split was kept (`--test-fraction 0`), so there is no score."
    )
    outside = "\n" + out_of_source_table(config.out_of_source) + "\n" if config.out_of_source else ""
    sizes = "\n".join(
        f"| {label} | {count:,} |" for label, count in zip(config.labels, config.label_counts, strict=True)
    )
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

`{data["source"]}`: {data["names"]:,} names, split by name (spellings that differ in case or marks alone
stay together) into {data["train"]:,} for training, {data["validation"]:,} for validation and {data["test"]:,} for
testing, seed {data["seed"]}. Fingerprint `{data["fingerprint"]}`.

| label | training names |
| --- | --- |
{sizes}

## Scores

{scores}

A random split of one list flatters: names from other sources score lower.
{outside}
## Train it again

```sh
{command}
```

## Intended use and limits

For names in reference lists: stories, games, teaching, rough statistics. It answers which list a *name* resembles. It
does not establish a person's identity, origin, nationality or ancestry, and must not be used to decide anything about a
person. A name outside its {len(config.labels)} label{"s" if len(config.labels) > 1 else ""} is still given one of them.
"""
