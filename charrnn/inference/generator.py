"""New names for a label."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charrnn import model_folder
from charrnn.encoded import pad
from charrnn.errors import ModelFolderError, SettingsError, UnknownLabelError
from charrnn.inference.constraints import Constraints, Guide
from charrnn.inference.drawing import NO_CONSTRAINTS, Label, Made, Request, draw, read_stamp, stamp
from charrnn.inference.explanation import Explanation
from charrnn.inference.novelty import Neighbour, nearest, new_ones
from charrnn.inference.reader import LabelReader
from charrnn.inference.recurrent import GATES, Floats, Ints, Recurrent, read_architecture, take
from charrnn.inference.sampling import ROUND, Sampling
from charrnn.metrics import log_softmax
from charrnn.model_folder import ANY, ModelConfig, Weights, expert_weights, label_rows
from charrnn.ngrams import NGrams
from charrnn.text import END, PIPELINES, START, Vocabulary, abstention

ARCHITECTURE: dict[str, type | Collection[str]] = {
    "cell": GATES,
    "hidden": int,
    "embedding": int,
    "label_embedding": int,
}
LONGEST_REQUEST = 1_000_000


class Generator:
    """A trained generator: a label in, new names out.

    Args:
        config: of a model folder, task ``generator``.
        weights: of the same folder.
        folder: where they came from; without it, nothing can be told to be new.

    Raises:
        ModelFolderError: weights and config do not fit.
    """

    def __init__(self, config: ModelConfig, weights: Weights, folder: Path | None = None) -> None:
        self.config, self.folder = config, folder
        self.labels = config.labels
        self.vocabulary = Vocabulary(config.alphabet)
        size = len(self.vocabulary)
        architecture = read_architecture(config, ARCHITECTURE)
        self.pipeline = PIPELINES[config.pipeline]
        cell, hidden = architecture["cell"], architecture["hidden"]
        embedding, label_embedding = architecture["embedding"], architecture["label_embedding"]
        self.layer = Recurrent(cell, weights, "rnn", hidden, embedding + label_embedding)
        chars = take(weights, "embed.weight", (size, embedding))
        labels = take(weights, "embed_label.weight", (label_rows(len(self.labels)), label_embedding))
        self.char_table = chars @ self.layer.input_weights[:embedding] + self.layer.bias  # (V, GH)
        self.label_table = labels @ self.layer.input_weights[embedding:]  # (labels + 1, GH)
        self.head = np.ascontiguousarray(take(weights, "head.weight", (size, hidden)).T)
        self.head_bias = take(weights, "head.bias", (size,))
        self.ngrams = NGrams.from_weights(weights, size)
        self.expert_weights = expert_weights(config, ("network", "ngrams"), self.ngrams is not None)
        if self.ngrams is not None and len(self.ngrams.start) != len(self.label_table):
            raise ModelFolderError("weights ngrams: not of this model's labels. Copy the model folder again.")

    def label_index(self, label: str | None) -> int:
        """Index of a label, :data:`ANY` included; None stands for the only label of a model that has one.

        Raises:
            UnknownLabelError: the model does not know it, or it has to be chosen.
        """
        if label is None:
            if len(self.labels) == 1:
                return 0
            raise UnknownLabelError(
                f"this model has {len(self.labels)} labels; choose one of {', '.join(self.labels)}, or {ANY} for any."
            )
        if label == ANY:
            return len(self.label_table) - 1
        if label not in self.labels:
            raise UnknownLabelError(f"unknown label {label!r}; this model knows {', '.join(self.labels)}.")
        return self.labels.index(label)

    def sample(
        self,
        label: Label = None,
        n: int = 1,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        constraints: Constraints = NO_CONSTRAINTS,
        novel: bool = False,
        resample: int = 1,
    ) -> list[str]:
        """Draw ``n`` names. The same arguments give the same names; a larger ``n`` only adds names.

        Args:
            label: one of :attr:`labels`, or :data:`ANY`; may be left out where there is one. Or several with weights,
                whose names are blended.
            n: number of names.
            seed: at least 0.
            temperature: divides the logits; 0 always takes the most probable character.
            top_k: draw among the k most probable characters; 0 among all.
            top_p: draw among the most probable characters that together reach this probability (Holtzman et al. 2020).
            constraints: what all names look like.
            novel: none twice, and none that is in the corpus of the model, case and marks aside. There may be fewer
                than ``n``: see :meth:`stream`.
            resample: draw so many for each name, and take one of them as often as the constraints let it by. What is
                drawn under constraints alone (1) is led into corners that the model finds unlikely, such as long
                names before a suffix; the more are drawn, the nearer names come to the model's own that happen to meet
                the constraints (importance resampling, Rubin 1987).

        Raises:
            UnknownLabelError: the model does not know the label.
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: an argument is out of its range, or the model does not know its corpus.
        """
        request = Request(label, seed, Sampling(temperature, top_k, top_p), constraints, resample)
        return [made.name for made in self.stream(request, n, novel)]

    def stream(self, request: Request, n: int | None = None, novel: bool = False) -> Iterator[Made]:
        """Names, each as soon as it is finished; arguments and errors as for :meth:`sample`.

        Args:
            request: what to draw.
            n: number of names; None goes on without end.
            novel: ends after :data:`charrnn.inference.novelty.STALE` names in a row that were not new.
        """
        if n is not None and not 0 <= n <= LONGEST_REQUEST:
            raise SettingsError(f"n {n}: must be from 0 to {LONGEST_REQUEST:,}.")
        known = self.known if novel else None
        made = draw(self.reader(request.label), self.guide(request), request)
        return islice(made if known is None else new_ones(made, known), n)

    def stamp(self, request: Request, made: Made) -> str:
        """What it takes to draw a name again, as one word."""
        return stamp(self.config.weights_sha256, request, made.attempt)

    def repeat(self, word: str) -> Made:
        """The name that a stamp was made for.

        Raises:
            SettingsError: it is no stamp, or another model's.
        """
        request, attempt = read_stamp(self.config.weights_sha256, word)
        made = draw(self.reader(request.label), self.guide(request), request, attempt // ROUND)
        return next(one for one in made if one.attempt >= attempt)

    def reader(self, label: Label) -> LabelReader:
        """What predicts the next character under a label or a blend.

        Raises:
            UnknownLabelError: the model does not know a label.
            SettingsError: a weight is not above 0.
        """
        if not isinstance(label, Mapping):
            return LabelReader(self, [self.label_index(label)], np.ones(1))
        weights = np.array(list(label.values()), np.float64)
        if not len(weights) or not np.isfinite(weights).all() or weights.min() <= 0:
            raise SettingsError(f"label {dict(label)}: weights must be finite and above 0.")
        return LabelReader(self, [self.label_index(name) for name in label], weights / weights.sum())

    def guide(self, request: Request) -> Guide:
        """What the names of a request must look like.

        Raises:
            ImpossibleConstraint: no name can meet the constraints.
            SettingsError: the pattern is none.
        """
        return request.constraints.compile(self.vocabulary.alphabet, self.config.max_length)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name of the corpus, ASCII in folded case.

        Raises:
            SettingsError: the model was trained with ``--private``, or was not loaded from a folder.
        """
        names = None if self.folder is None else model_folder.read_known(self.folder)
        if names is None:
            raise SettingsError(
                "novel, distance: this model holds no list of its names (it was trained with --private), so nothing "
                "can be proven to be new. Leave them out."
            )
        return names

    def nearest(self, name: str) -> Neighbour:
        """The name of the corpus that is spelled most alike, and how far off it is.

        Raises:
            SettingsError: the model does not know its corpus.
        """
        return nearest(name, self._sorted_known)

    @cached_property
    def _sorted_known(self) -> list[str]:
        return sorted(self.known)

    def log_probabilities(self, names: Sequence[str], labels: Sequence[str | None]) -> NDArray[np.float64]:
        """log p(name, end | label) in nats, shape (names,); characters outside the alphabet count as "unknown".

        Raises:
            UnknownLabelError: the model does not know a label.
        """
        encoded = [[START, *self.vocabulary.encode(self.pipeline(name))] for name in names]
        indices = np.array([self.label_index(label) for label in labels], np.int64)
        result = np.zeros(len(names))
        order = np.array(sorted(range(len(names)), key=lambda i: -len(encoded[i])), np.int64)
        for first in range(0, len(names), 1024):
            rows = order[first : first + 1024]
            chars, lengths = pad([encoded[i] for i in rows])
            result[rows] = self._steps(chars, lengths, indices[rows]).sum(axis=1)
        return result

    def characters(self, name: str) -> int:
        """Characters that :meth:`log_probabilities` counts: those of the name as the model reads it, and the end."""
        return len(self.pipeline(name)) + 1

    def unlike(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Whether names are less likely, a character, than nearly all of the names this model was validated on.

        Under no label in particular. Letter case does not matter: a name counts as its likeliest spelling among the
        given one, all small, and with capitals. How few names of the same kind it calls unlike stands in the config,
        ``calibration.likeness``.

        Args:
            names: that can be scored (see :func:`charrnn.text.abstention`).

        Raises:
            SettingsError: the model was not calibrated for it.
        """
        try:
            most = float(self.config.calibration["likeness"]["nats_per_char"])
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError("this generator cannot tell what is unlike its names; train it again.") from error
        spellings = [{name, name.lower(), name.title()} for name in names]
        different = sorted(set().union(*spellings))
        nats = -self.log_probabilities(different, [ANY] * len(different)) if different else np.zeros(0)
        per_char = {name: n / self.characters(name) for name, n in zip(different, nats, strict=True)}
        return np.array([min(per_char[s] for s in group) > most for group in spellings], bool)

    def explain(self, name: str, label: str, other: str = ANY) -> Explanation:
        """Each character's log-likelihood ratio between two labels; the end of the name is the rest.

        Args:
            name: to be explained.
            label: what speaks for it is positive.
            other: another label, or any.

        Raises:
            UnknownLabelError: the model does not know a label.
            SettingsError: both are the same, or the name cannot be scored.
        """
        indices = np.array([self.label_index(label), self.label_index(other)], np.int64)
        if indices[0] == indices[1]:
            raise SettingsError(f"{label!r} and {other!r} are the same here; compare two labels.")
        if reason := abstention(name, self.config.pipeline):
            raise SettingsError(f"{name!r}: cannot be scored ({reason}), so there is nothing to explain.")
        text = self.pipeline(name)
        chars, lengths = pad([[START, *self.vocabulary.encode(text)]] * 2)
        steps = self._steps(chars, lengths, indices)
        shares = steps[0] - steps[1]
        return Explanation(
            name, text, label, other, tuple(shares[:-1].tolist()), float(shares[-1]), float(shares.sum())
        )

    def _steps(self, chars: Ints, lengths: Ints, labels: Ints) -> NDArray[np.float64]:
        """log p of the character after each of ``chars`` (B, T), 0 beyond the end; longest name first."""
        targets = np.concatenate([chars[:, 1:], np.zeros((len(chars), 1), np.int64)], axis=1)
        targets[np.arange(len(chars)), lengths - 1] = END
        result = np.zeros(chars.shape)
        state, context = self.layer.start(len(chars)), labels
        for t in range(chars.shape[1]):
            active = int(np.searchsorted(-lengths, -t))
            inputs = self.char_table[chars[:active, t]] + self.label_table[labels[:active]]
            state = self.layer.step(inputs, state[:active])
            logits, context = self._mixed(state, context[:active], chars[:active, t])
            logp = log_softmax(logits)
            result[:active, t] = logp[np.arange(active), targets[:active, t]]
        return result

    def _mixed(self, state: Floats, context: Ints, symbols: Ints) -> tuple[Floats, Ints]:
        """Logits (B, V) of network and n-grams after ``symbols`` (B,), and the n-grams' state then."""
        network, ngrams = self.expert_weights
        logits: Floats = state[:, : self.layer.hidden] @ self.head + self.head_bias  # (B, V)
        if self.ngrams is None:
            return logits, context
        after = self.ngrams.next[context, symbols].astype(np.int64)
        return network * logits + ngrams * self.ngrams.log_p[after], after
