"""``python -m charrnn.train classifier|generator``: names in, a model folder out."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from charrnn import model_folder
from charrnn.cli.flags import DATA, add_column_flags
from charrnn.corpus import Corpus
from charrnn.errors import CharRNNError, SettingsError, needs_extra
from charrnn.inference import locate
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluate import evaluate, out_of_source
from charrnn.inference.generator import Generator
from charrnn.training.settings import SETTINGS, Settings, add_flags, from_flags

MODELS: dict[str, type[Classifier] | type[Generator]] = {"classifier": Classifier, "generator": Generator}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The flags of the command."""
    parser = argparse.ArgumentParser(prog="python -m charrnn.train", description="Train a model on labelled names.")
    tasks = parser.add_subparsers(dest="task", required=True)
    for task, settings in SETTINGS.items():
        sub = tasks.add_parser(task, help=f"train a {task}")
        run = sub.add_argument_group("run")
        run.add_argument("--data", required=True, metavar="NAME|PATH", help=DATA)
        add_column_flags(run)
        run.add_argument(
            "--score-on", metavar="NAME|PATH", help="also score on names of another source, less those of --data"
        )
        run.add_argument(
            "--out", required=True, type=Path, metavar="DIR", help="model folder to write; absent or empty"
        )
        run.add_argument("--init", metavar="MODEL", help="fine-tune from this model folder or shipped model")
        run.add_argument(
            "--private", action="store_true", help="leave the names out of the folder; novelty can then not be proven"
        )
        add_flags(sub.add_argument_group("settings"), settings)  # type: ignore[arg-type]
    return parser.parse_args(arguments)


def run(flags: argparse.Namespace, settings: Settings) -> str:
    """Train, score on the test split, write the model folder.

    Args:
        flags: of the run, as :func:`parse` gives them.
        settings: of the run.

    Returns:
        The scores beside the baseline's, as text.

    Raises:
        CharRNNError: bad input; nothing is left behind in ``out``.
    """
    task, out, init = flags.task, flags.out, flags.init
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"--out {out}: is not empty. Choose another folder, or empty this one.")
    existed = out.exists()
    corpus = Corpus.read(flags.data, flags.name_column, flags.label_column)
    other = Corpus.read(flags.score_on, flags.name_column, flags.label_column) if flags.score_on else None
    with needs_extra("train"):
        from charrnn.training.baseline import baseline
        from charrnn.training.card import model_card, out_of_source_table, score_table
        from charrnn.training.run import train
    try:
        out.mkdir(parents=True, exist_ok=True)
        trained = train(task, corpus, settings, None if init is None else locate(init), events=out / "run")
        config = trained.config
        model = MODELS[task](config, trained.weights)
        if other is not None:
            config = dataclasses.replace(config, out_of_source=out_of_source(model, corpus, other))
        if len(trained.parts.test):
            scores = {"charrnn": evaluate(model, trained.parts.test), "4-gram": baseline(config, trained.parts)}
            config = dataclasses.replace(config, metrics=scores)
        card = model_card(config, command_line(flags, settings))
        known = None if flags.private else {key for part in trained.parts for key in part.keys}
        config = model_folder.write(out, config, trained.weights, card, known)
    except OSError as error:
        _clear(out, existed)
        raise SettingsError(f"--out {out}: cannot be written ({error.strerror or error}). Choose another.") from error
    except BaseException:
        _clear(out, existed)
        raise
    seconds = config.training["seconds"]
    left_out = config.data["left_out"]
    lines = [f"{task} written to {out} after {config.training['epochs']} epochs, {seconds:.0f} s"]
    if left_out:
        lines.append("left out: " + ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()))
    lines.append("")
    if config.metrics:
        lines += [f"{config.data['test']:,} test names, never trained on:", score_table(config.metrics)]
    if config.out_of_source:
        lines += ["", out_of_source_table(config.out_of_source)]
    return "\n".join(lines)


def _clear(out: Path, existed: bool) -> None:
    shutil.rmtree(out, ignore_errors=True)
    if existed:
        out.mkdir(exist_ok=True)


def command_line(flags: argparse.Namespace, settings: Settings) -> str:
    """The shortest command that trains this model again."""
    words = ["python", "-m", "charrnn.train", flags.task, "--data", flags.data, "--out", flags.out.name]
    words += ["--name-column", flags.name_column] if flags.name_column != "name" else []
    words += ["--label-column", flags.label_column] if flags.label_column != "label" else []
    words += ["--init", flags.init] if flags.init else []
    words += ["--score-on", flags.score_on] if flags.score_on else []
    words += ["--private"] if flags.private else []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        flag = field.name.replace("_", "-")
        if value == field.default:
            continue
        words += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return shlex.join(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    flags = parse(arguments)
    try:
        settings = from_flags(SETTINGS[flags.task], flags)
        print(run(flags, settings))
    except CharRNNError as error:
        print(f"charrnn.train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("charrnn.train: stopped; nothing was written.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
