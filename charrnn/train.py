"""``python -m charrnn.train classifier|generator``: names in, a model folder out."""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli.flags import DATA, add_column_flags, read_corpus
from charrnn.cli.parsing import Parser
from charrnn.errors import CharRNNError, InterruptedRunError, SettingsError, needs_extra
from charrnn.inference import PRETRAINED, locate
from charrnn.machine import processors
from charrnn.model_config import ModelConfig
from charrnn.model_folder import read_config
from charrnn.text import is_latin, printable_table
from charrnn.training.reports.card import out_of_source_table, scores_text
from charrnn.training.settings import SETTINGS, SHORT_LIST, Settings, add_flags, from_flags

if TYPE_CHECKING:
    from charrnn.corpus import Corpus
    from charrnn.corpus.label_facts import LabelFacts


PROGRAM = "python -m charrnn.train"
AUTO, NONE = "auto", "none"
FEW_NAMES = 200
"""Distinct names of a label below which ``--init auto`` tries the shipped model; see ``benchmarks/short_lists.py``."""
FROM_INIT = ("pipeline", "cell", "hidden")
"""Settings that --init brings along; they count as given only where a flag names them."""
MAX_THREADS = 4
"""The matrices of these models are too small to profit from more."""


def parse(arguments: Sequence[str] | None = None, program: str = PROGRAM) -> argparse.Namespace:
    """The flags of the command."""
    parser = Parser(prog=program, description="Train a model on labelled names.")
    tasks = parser.add_subparsers(dest="task", required=True)
    for task, settings in SETTINGS.items():
        sub = tasks.add_parser(task, help=f"train a {task}")
        group = sub.add_argument_group("run")
        group.add_argument("--data", required=True, metavar="NAME|PATH", help=DATA)
        add_column_flags(group)
        group.add_argument(
            "--score-on", metavar="NAME|PATH", help="also score on names of another source, less those of --data"
        )
        group.add_argument(
            "--out", required=True, type=Path, metavar="DIR", help="model folder to write; absent or empty"
        )
        group.add_argument(
            "--init",
            metavar="auto|none|MODEL",
            default=AUTO,
            help="fine-tune from this model folder or shipped model; auto takes the shipped model of the task, where a "
            f"label of a short list has under {FEW_NAMES} names, no other text or architecture is asked for, and "
            "cross-validation is better with it. Default: auto.",
        )
        group.add_argument(
            "--private",
            action="store_true",
            help="leave the names out of the folder, and n-grams with them; novelty can then not be proven",
        )
        group.add_argument(
            "--resume", action="store_true", help="go on where --out was interrupted; start if there is nothing yet"
        )
        add_flags(sub, settings)
        sub.set_defaults(**dict.fromkeys(FROM_INIT))
    return parser.parse_args(arguments)


def train(flags: argparse.Namespace, settings: Settings) -> str:
    """Train, evaluate and write the model folder; under torchrun, each process calls it.

    Args:
        flags: of the command, as :func:`parse` gives them.
        settings: of the run.

    Returns:
        The scores beside the baseline's, as text.

    Raises:
        CharRNNError: bad input, or training stopped; ``out`` holds nothing but a saved state.
    """
    with needs_extra("train"):
        from charrnn import recipe
        from charrnn.training.distributed import distributed_context
        from charrnn.training.training_run import TrainingRun, claim
        from charrnn.training.transfer import check_architecture, check_task
    if flags.init not in (AUTO, NONE):
        base = locate(flags.init)
        check_task(base, flags.task)
        # Runs that were begun while these flags had no effect can be resumed with them alone.
        if not (flags.resume and (flags.out / "run").exists()):
            check_architecture(base, {key: getattr(flags, key) for key in ("cell", "hidden")})
    with distributed_context(settings) as context:
        # One process reads, and downloads what is not there yet; the others get the names from it.
        inits, settings, corpus, score_on = context.on_rank_zero(lambda: _inputs(flags, settings))
        facts = _facts(flags.data)
        families = {label: own.family for label, own in facts.items()}
        forms = {label: own.name_forms for label, own in facts.items()}
        runs = [
            TrainingRun(
                flags.task,
                corpus,
                settings,
                context,
                None if init == NONE else locate(init),
                flags.out,
                score_on,
                flags.private,
                command_line(flags, settings, init),
                families,
                forms,
            )
            for init in inits
        ]
        run = dataclasses.replace(runs[0], alternative=runs[1] if len(runs) > 1 else None)
        with claim(run, flags.resume) as finished:
            return finished or summary(flags.out, recipe.train(run).config)


def _inputs(flags: argparse.Namespace, settings: Settings) -> tuple[list[str], Settings, Corpus, Corpus | None]:
    """The models to start from, of which cross-validation chooses; the settings, with the text pipeline of the first
    one; and the names of ``--data`` and ``--score-on``.

    What is odd about the names is printed, and where ``--init auto`` takes a model.
    """
    from charrnn.corpus.suspicion import some, suspicious_names, tiny_labels
    from charrnn.training.training_run import begun
    from charrnn.training.transfer import base_pipeline

    inits, before = [flags.init], begun(flags.out) if flags.resume and flags.init == AUTO else None
    if before and before["task"] != flags.task:
        raise SettingsError(f"--out {flags.out}: holds a {before['task']}, not a {flags.task}. Choose another folder.")
    if before:
        inits = [f"names/{flags.task}" if before["init"] else NONE]
    if flags.pipeline is None and (before or flags.init not in (AUTO, NONE)):
        pipeline = before["pipeline"] if before else base_pipeline(locate(flags.init))
        settings = dataclasses.replace(settings, pipeline=pipeline)
    corpus = read_corpus(flags, flags.data, settings.pipeline)
    if inits == [AUTO]:
        inits = _usual_inits(flags, settings, corpus)
        base = settings.pipeline if inits == [NONE] else base_pipeline(locate(inits[0]))
        if base != settings.pipeline:
            settings = dataclasses.replace(settings, pipeline=base)
            with redirect_stderr(io.StringIO()):  # what there is to say of the file was said
                corpus = read_corpus(flags, flags.data, settings.pipeline)
    for finding in [*suspicious_names(corpus), *(tiny_labels(corpus) if inits == [NONE] else [])]:
        print(printable_table(f"charrnn.train: warning: {finding.message}. {finding.next}"), file=sys.stderr)
    if flags.task == "generator" and (lost := _lost(corpus.names, settings.pipeline)):
        print(printable_table(f"charrnn.train: warning: {lost}"), file=sys.stderr)
    if len(inits) > 1:
        few = some([label for label, count in corpus.distinct_counts.items() if count < FEW_NAMES])
        told = f"under {FEW_NAMES} names of {few}: reads names as {inits[0]} does, and starts from it if that is better"
        print(printable_table(f"charrnn.train: {told} (--init none: neither)"), file=sys.stderr)
    score_on = read_corpus(flags, flags.score_on, settings.pipeline, with_kinds=False) if flags.score_on else None
    return inits, settings, corpus, score_on


def _lost(names: Sequence[str], pipeline: str) -> str:
    """What a text pipeline leaves out of many names, and which one keeps it, as a sentence; else nothing."""
    others = sum(not is_latin(name) for name in names)
    if pipeline != "native" and 2 * others > len(names):
        told = "are in other letters than Latin ones, and are read in these"
        return f"{others:,} of {len(names):,} names {told}. Keep them by --pipeline native."
    marked = sum(is_latin(name) and not name.isascii() for name in names)
    if pipeline == "ascii" and 100 * marked >= len(names):
        told = "have letters with marks, which are left out"
        return f"{marked:,} of {len(names):,} names {told}. Keep them by --pipeline latin."
    return ""


def _usual_inits(flags: argparse.Namespace, settings: Settings, corpus: Corpus) -> list[str]:
    """What ``--init auto`` stands for: the shipped model and random weights, or these alone."""
    from charrnn.training.transfer import base_pipeline

    shipped = f"names/{flags.task}"
    base = locate(shipped)
    own = read_config(base).architecture | {"pipeline": base_pipeline(base)}
    fits = all(getattr(flags, key) in (None, own[key]) for key in FROM_INIT)
    is_short = settings.folds > 0 and len(set(corpus.keys)) < SHORT_LIST
    return [shipped, NONE] if fits and is_short and min(corpus.distinct_counts.values()) < FEW_NAMES else [NONE]


def _facts(data: str) -> dict[str, LabelFacts]:
    """What is known of the labels of the bundled corpus; of other data nothing is."""
    from charrnn.corpus.label_facts import label_facts
    from charrnn.corpus.reading import bundled_names

    return label_facts() if data in bundled_names() else {}


def bound_threads() -> None:
    """Have PyTorch compute in few threads, which sleep while they have nothing to do.

    By default its threads spin between two operations; where processes share cores, they take each other's time. What
    the environment says already counts. PyTorch reads it when it is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", str(min(MAX_THREADS, processors())))


def summary(out: Path, config: ModelConfig) -> str:
    """The scores of a model that was written to ``out``, as text."""
    training, left_out = config.training, config.data["left_out"]
    start = f", from the weights of {_told(Path(training['init']))}" if training["init"] else ""
    lines = [f"{config.task} written to {out} after {training['epochs']} epochs{start}, {training['seconds']:.0f} s"]
    if left_out:
        lines.append("left out: " + ", ".join(f"{count:,} {reason}" for reason, count in left_out.items()))
    lines.append("")
    if scores := scores_text(config):
        lines.append(scores)
    if config.out_of_source:
        lines += ["", out_of_source_table(config.out_of_source)]
    return "\n".join(lines)


def _told(init: Path) -> str:
    """A model to start from, as --init names it."""
    return str(init.relative_to(PRETRAINED) if PRETRAINED in init.parents else init)


def command_line(flags: argparse.Namespace, settings: Settings, init: str) -> str:
    """The shortest command that trains this model again."""
    words = ["python", "-m", "charrnn.train", flags.task, "--data", flags.data, "--out", flags.out.name]
    words += ["--name-column", flags.name_column] if flags.name_column != "name" else []
    words += ["--label-column", flags.label_column] if flags.label_column != "label" else []
    words += ["--kind-column", flags.kind_column] if flags.kind_column else []
    words += ["--delimiter", flags.delimiter] if flags.delimiter else []
    words += ["--encoding", flags.encoding] if flags.encoding != "utf-8" else []
    words += ["--bad-rows", flags.bad_rows] if flags.bad_rows != "refuse" else []
    words += ["--sheet", flags.sheet] if flags.sheet is not None else []
    words += ["--init", init]
    words += ["--score-on", flags.score_on] if flags.score_on else []
    words += ["--private"] if flags.private else []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        # With --init, the usual pipeline is the other model's.
        if value != field.default or (init != NONE and field.name == "pipeline"):
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def main(arguments: Sequence[str] | None = None, program: str = PROGRAM) -> int:
    """Run the command.

    Args:
        arguments: by default those of the process.
        program: how it was called, for ``--help``.

    Returns:
        The exit status: 0 done, 2 bad input, 3 stopped by a signal with a saved state, 130 without one.
    """
    flags = parse(arguments, program)
    bound_threads()
    # While the trainer runs, a signal waits for the end of the step. At other times SIGTERM interrupts at once, as
    # Ctrl-C does.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        message, status = train(flags, from_flags(SETTINGS[flags.task], flags)), 0
    except InterruptedRunError as error:
        message, status = f"charrnn.train: {error}", 3
    except CharRNNError as error:
        message, status = f"charrnn.train: {error}", 2
    except KeyboardInterrupt:
        is_saved = (flags.out / "run" / "state.pt").exists()
        what = "the last saved state is intact. Go on with --resume." if is_saved else "nothing was written."
        message, status = f"charrnn.train: stopped by a signal; {what}", 3 if is_saved else 130
    if os.environ.get("RANK", "0") == "0":
        print(printable_table(message), file=sys.stderr if status else sys.stdout)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
