"""``python -m charrnn.train classifier|generator``: names in, a model folder out."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from charrnn import model_folder
from charrnn.cli.flags import DATA, add_column_flags
from charrnn.corpus import Corpus
from charrnn.errors import CharRNNError, InterruptedRunError, SettingsError, needs_extra
from charrnn.inference import locate
from charrnn.inference.classifier import Classifier
from charrnn.inference.evaluate import evaluate, evaluate_labels, evaluate_sets, out_of_source
from charrnn.inference.generator import Generator
from charrnn.metrics import reliability_bins
from charrnn.training.settings import SETTINGS, Settings, add_flags, from_flags

if TYPE_CHECKING:
    from charrnn.training.run import Trained

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
            "--private",
            action="store_true",
            help="leave the names out of the folder, and n-grams with them; novelty can then not be proven",
        )
        run.add_argument(
            "--resume", action="store_true", help="go on where --out was interrupted; start if there is nothing yet"
        )
        add_flags(sub, settings)
    return parser.parse_args(arguments)


def run(flags: argparse.Namespace, settings: Settings) -> str:
    """Train, score on the test split, write the model folder; under torchrun, one of its processes.

    Args:
        flags: of the run, as :func:`parse` gives them.
        settings: of the run.

    Returns:
        The scores beside the baseline's, as text; empty on other ranks than 0.

    Raises:
        CharRNNError: bad input, or training stopped; only a saved state is left behind in ``out``.
    """
    with needs_extra("train"):
        from charrnn.training import resume
        from charrnn.training.parallel import machine
        from charrnn.training.run import train
        from charrnn.training.transfer import as_initialised
    task, out, init = flags.task, flags.out, None if flags.init is None else locate(flags.init)
    if init is not None:
        settings = as_initialised(settings, init)
    columns = flags.name_column, flags.label_column, settings.pipeline
    corpus = Corpus.read(flags.data, *columns)
    other = Corpus.read(flags.score_on, *columns) if flags.score_on else None
    with machine(settings) as here, ExitStack() as stack:
        done = here.on_main(lambda: claim(flags, settings, corpus, stack))
        if done:
            return done if here.is_main else ""
        try:
            trained = train(task, corpus, settings, here, init, run=out / "run", private=flags.private)
            return write(flags, settings, trained, corpus, other) if here.is_main else ""
        except OSError as error:
            raise SettingsError(
                f"--out {out}: cannot be written ({error.strerror or error}). Choose another."
            ) from error
        finally:
            if here.is_main and not (out / "config.json").exists() and not resume.has_state(out / "run"):
                shutil.rmtree(out / "run", ignore_errors=True)
                if flags.made_out:
                    shutil.rmtree(out, ignore_errors=True)


def claim(flags: argparse.Namespace, settings: Settings, corpus: Corpus, stack: ExitStack) -> str:
    """Make ``out`` ours until the stack closes, or say why not.

    Returns:
        A message if the model there is complete already, else an empty string.

    Raises:
        SettingsError: ``out`` is in use, or belongs to another run, or cannot be written.
    """
    from charrnn.training.resume import LOCK, check_same, describe, only_writer

    out = flags.out
    flags.made_out = not out.exists()
    content = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if content and not flags.resume:
        hint = "Add --resume to go on with it" if "run" in content else "Choose another folder"
        raise SettingsError(f"--out {out}: is not empty. {hint}, or empty this one.")
    if content and "config.json" in content:
        config = model_folder.read_config(out)
        had = SETTINGS[config.task](**config.training["settings"])
        before = describe(config.task, had, config.data["fingerprint"], config.training["init_sha256"])
        init = None if flags.init is None else model_folder.read_config(locate(flags.init)).weights_sha256
        check_same(out, before, describe(flags.task, settings, corpus.fingerprint, init))
        if settings.epochs == had.epochs or config.training["epochs"] < had.epochs:
            return f"{out}: complete after {config.training['epochs']} epochs; nothing to do"
    elif content and not (_is_ours(content) and (out / "run" / LOCK).exists()):
        raise SettingsError(f"--out {out}: holds no run to go on with. Choose another folder, or empty this one.")
    try:
        stack.enter_context(only_writer(out / "run"))
    except OSError as error:
        raise SettingsError(f"--out {out}: cannot be written ({error.strerror or error}). Choose another.") from error
    return ""


def _is_ours(content: set[str]) -> bool:
    """Whether a run may have written all of these, if it was killed while it wrote the model folder."""
    return all(name in (*model_folder.FILES, "run") or (name[0] == "." and name.endswith(".tmp")) for name in content)


def write(flags: argparse.Namespace, settings: Settings, trained: Trained, corpus: Corpus, other: Corpus | None) -> str:
    """Score what was trained, write the model folder, and tell how it went."""
    from charrnn.training.baseline import baseline
    from charrnn.training.card import model_card, out_of_source_table, score_table
    from charrnn.training.figures import reliability_png
    from charrnn.training.tensorboard import write_hparams

    config, out = trained.config, flags.out
    model = MODELS[flags.task](config, trained.weights)
    if other is not None:
        config = dataclasses.replace(config, out_of_source=out_of_source(model, corpus, other))
    test, pictures = trained.parts.test, {}
    if len(test):
        scores = {"charrnn": evaluate(model, test), "4-gram": baseline(config, trained.parts)}
        config = dataclasses.replace(config, metrics=scores, by_label=evaluate_labels(model, test))
        write_hparams(out / "run", settings, scores["charrnn"])
    if len(test) and isinstance(model, Classifier):
        config.calibration["test"] = evaluate_sets(model, test)
        targets = np.array([model.labels.index(label) for label in test.labels])
        bins = reliability_bins(model.probabilities(test.names), targets)
        pictures["reliability.png"] = reliability_png(bins)
    card = model_card(config, command_line(flags, settings))
    known = None if flags.private else {key for part in trained.parts for key in part.keys}
    config = model_folder.write(out, config, trained.weights, card, known, pictures)
    seconds = config.training["seconds"]
    left_out = config.data["left_out"]
    lines = [f"{flags.task} written to {out} after {config.training['epochs']} epochs, {seconds:.0f} s"]
    if left_out:
        lines.append("left out: " + ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()))
    lines.append("")
    if config.metrics:
        lines += [f"{config.data['test']:,} test names, never trained on:", score_table(config.metrics)]
    if config.out_of_source:
        lines += ["", out_of_source_table(config.out_of_source)]
    return "\n".join(lines)


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
    speaks = os.environ.get("RANK", "0") == "0"
    # Outside of the steps, where a stop waits for the step's end, both signals interrupt at once.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = from_flags(SETTINGS[flags.task], flags)
        said, status = run(flags, settings), 0
    except InterruptedRunError as error:
        said, status = f"charrnn.train: {error}", 3
    except CharRNNError as error:
        said, status = f"charrnn.train: {error}", 2
    except KeyboardInterrupt:
        kept = (flags.out / "run" / "state.pt").exists()
        what = "the state saved last stands. Go on with --resume." if kept else "nothing was written."
        said, status = f"charrnn.train: stopped by a signal; {what}", 3 if kept else 130
    if speaks and said:
        print(said, file=sys.stderr if status else sys.stdout)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
