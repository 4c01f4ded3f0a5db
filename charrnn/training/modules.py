"""The two networks and their loss. Shapes: B names, T characters, H hidden units, V vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from charrnn.model_folder import ModelConfig, label_rows
from charrnn.text import PAD, SPECIALS, UNKNOWN
from charrnn.training.dataset import IGNORE

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class NameClassifier(nn.Module):
    """Embedding → recurrent layer, one or two directions → pooling over time → logits.

    The backward direction (Schuster and Paliwal 1997) is a second forward layer over each name reversed by its own
    length, so that padding is never read and the states of both directions depend on prefixes alone.

    Args:
        vocabulary_size: number of symbols, specials included.
        label_count: number of labels.
        cell: key of :data:`CELLS`.
        hidden: units in each direction.
        embedding: size of the character embedding.
        dropout: after the embedding and before the output layer.
        char_dropout: share of characters that become unknown in training.
        bidirectional: whether there is a backward direction.
        pooling: ``last``, ``mean`` or ``max`` over the states of a name.
    """

    def __init__(
        self,
        vocabulary_size: int,
        label_count: int,
        cell: str,
        hidden: int,
        embedding: int,
        dropout: float = 0.0,
        char_dropout: float = 0.0,
        bidirectional: bool = True,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self.pooling, self.char_dropout = pooling, char_dropout
        self.embed = nn.Embedding(vocabulary_size, embedding, padding_idx=PAD)
        self.forward_rnn = CELLS[cell](embedding, hidden, batch_first=True)
        self.backward_rnn = CELLS[cell](embedding, hidden, batch_first=True) if bidirectional else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden * (2 if bidirectional else 1), label_count)

    def forward(self, chars: Tensor, lengths: Tensor) -> Tensor:
        """Logits (B, labels) of characters (B, T) with lengths (B,), each from 1 to T."""
        if self.training and self.char_dropout:
            chosen = torch.rand(chars.shape, device=chars.device) < self.char_dropout  # (B, T)
            chars = chars.masked_fill(chosen & (chars != PAD), UNKNOWN)
        pooled = [self._encode(self.forward_rnn, chars, lengths)]  # (B, H)
        if self.backward_rnn is not None:
            pooled.append(self._encode(self.backward_rnn, reverse(chars, lengths), lengths))  # (B, H)
        logits: Tensor = self.head(self.dropout(torch.cat(pooled, dim=-1)))  # (B, labels)
        return logits

    def _encode(self, rnn: nn.RNNBase, chars: Tensor, lengths: Tensor) -> Tensor:
        rnn.flatten_parameters()
        states, _ = rnn(self.dropout(self.embed(chars)))  # (B, T, H)
        return pool(states, lengths, self.pooling)


class NameGenerator(nn.Module):
    """Character and label embedding → recurrent layer → logits of the next character.

    Where there are several labels, the last row of the label embedding stands for any label. It is trained on names
    whose label is left out; these names train the weights that all labels share, too.

    Args:
        vocabulary_size: number of symbols, specials included.
        label_count: number of labels.
        cell: key of :data:`CELLS`.
        hidden: units.
        embedding: size of the character embedding.
        label_embedding: size of the label embedding, an input of every step.
        dropout: before the output layer.
        label_dropout: share of names whose label is replaced by the last row in training.
    """

    def __init__(
        self,
        vocabulary_size: int,
        label_count: int,
        cell: str,
        hidden: int,
        embedding: int,
        label_embedding: int,
        dropout: float = 0.0,
        label_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.label_dropout = label_dropout
        self.embed = nn.Embedding(vocabulary_size, embedding, padding_idx=PAD)
        self.embed_label = nn.Embedding(label_rows(label_count), label_embedding)
        self.rnn = CELLS[cell](embedding + label_embedding, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary_size)

    def forward(self, chars: Tensor, labels: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of ``chars`` (B, T), given ``labels`` (B,)."""
        self.rnn.flatten_parameters()
        if self.training and self.label_dropout:
            left_out = torch.rand(labels.shape, device=labels.device) < self.label_dropout  # (B,)
            labels = labels.masked_fill(left_out, self.embed_label.num_embeddings - 1)
        label = self.embed_label(labels).unsqueeze(1).expand(-1, chars.size(1), -1)  # (B, T, L)
        states, _ = self.rnn(torch.cat([self.embed(chars), label], dim=-1))  # (B, T, H)
        logits: Tensor = self.head(self.dropout(states))  # (B, T, V)
        return logits


def reverse(chars: Tensor, lengths: Tensor) -> Tensor:
    """Each row of ``chars`` (B, T) reversed by its own length (B,); padding stays in place."""
    positions = torch.arange(chars.size(1), device=chars.device).expand_as(chars)  # (B, T)
    mirrored = lengths.unsqueeze(1) - 1 - positions
    return chars.gather(1, torch.where(mirrored >= 0, mirrored, positions))


def pool(states: Tensor, lengths: Tensor, how: str) -> Tensor:
    """States (B, T, H) of names with lengths (B,) as one vector each, (B, H); ``how`` is last, mean or max."""
    if how == "last":
        ends = (lengths - 1).view(-1, 1, 1).expand(-1, 1, states.size(2))
        return states.gather(1, ends).squeeze(1)
    inside = torch.arange(states.size(1), device=states.device).unsqueeze(0) < lengths.unsqueeze(1)  # (B, T)
    inside = inside.unsqueeze(2)
    if how == "mean":
        return (states * inside).sum(1) / lengths.unsqueeze(1)
    return states.masked_fill(~inside, float("-inf")).amax(1)


MODULES: dict[str, Any] = {"classifier": NameClassifier, "generator": NameGenerator}


def build(config: ModelConfig) -> nn.Module:
    """The network of a config, with random weights."""
    module: nn.Module = MODULES[config.task](SPECIALS + len(config.alphabet), len(config.labels), **config.architecture)
    return module


def cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Summed cross-entropy of logits (…, C) and targets (…) in nats, padding left out."""
    return F.cross_entropy(
        logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORE, reduction="sum", label_smoothing=label_smoothing
    )
