"""The two networks and their loss. Shapes: B names, T characters, H hidden units, V vocabulary."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from charrnn.model_config import ModelConfig, embedding_rows
from charrnn.text import PAD, SPECIALS, UNKNOWN
from charrnn.training.dataset import IGNORE

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class NameClassifier(nn.Module):
    """Embedding → recurrent layer, one or two directions → pooling over time → logits.

    The backward direction (Schuster and Paliwal 1997) is a second forward layer over each name reversed by its own
    length, so that padding is never read and the states of both directions depend on prefixes alone.

    Args:
        vocabulary_size: number of symbols, specials included.
        class_count: number of labels, or of pairs of a label and a kind.
        cell: key of :data:`CELLS`.
        hidden: units in each direction.
        embedding: size of the character embedding.
        dropout: after the embedding and before the output layer.
        char_dropout: share of characters that become unknown in training.
        bidirectional: whether there is a backward direction.
        pooling: ``last``, ``mean`` or ``max`` over the states of a name, or ``mean-last``, both.
    """

    def __init__(
        self,
        vocabulary_size: int,
        class_count: int,
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
        directions, vectors = 2 if bidirectional else 1, 2 if pooling == "mean-last" else 1
        self.head = nn.Linear(hidden * directions * vectors, class_count)

    def forward(self, chars: Tensor, lengths: Tensor) -> Tensor:
        """Logits (B, classes) of characters (B, T) with lengths (B,), each from 1 to T."""
        if self.training and self.char_dropout:
            chosen = torch.rand(chars.shape, device=chars.device) < self.char_dropout  # (B, T)
            chars = chars.masked_fill(chosen & (chars != PAD), UNKNOWN)
        pooled = [self._encode(self.forward_rnn, chars, lengths)]  # (B, H)
        if self.backward_rnn is not None:
            pooled.append(self._encode(self.backward_rnn, reverse(chars, lengths), lengths))  # (B, H)
        logits: Tensor = self.head(self.dropout(torch.cat(pooled, dim=-1)))  # (B, classes)
        return logits

    def _encode(self, rnn: nn.RNNBase, chars: Tensor, lengths: Tensor) -> Tensor:
        rnn.flatten_parameters()
        states, _ = rnn(self.dropout(self.embed(chars)))  # (B, T, H)
        return pool(states, lengths, self.pooling)


class NameGenerator(nn.Module):
    """Embeddings of character and of label plus kind → recurrent layer → logits of the next character.

    A *condition* is a label and a kind: ``label * rows of kinds + kind``. Where there are several labels, the last row
    of their embedding stands for any label; likewise of kinds. These rows are trained on names whose label or kind is
    left out; such names train the weights that all share, too.

    Args:
        vocabulary_size: number of symbols, specials included.
        label_count: number of labels.
        cell: key of :data:`CELLS`.
        hidden: units.
        embedding: size of the character embedding.
        label_embedding: size of the embeddings of labels and of kinds, whose sum is an input of every step.
        kind_count: number of kinds; with one, there is no embedding of kinds.
        dropout: before the output layer.
        label_dropout: share of names whose label is replaced by the last row in training.
        kind_dropout: likewise of kinds.
    """

    def __init__(
        self,
        vocabulary_size: int,
        label_count: int,
        cell: str,
        hidden: int,
        embedding: int,
        label_embedding: int,
        kind_count: int = 1,
        dropout: float = 0.0,
        label_dropout: float = 0.0,
        kind_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.label_dropout, self.kind_dropout = label_dropout, kind_dropout
        self.kind_rows = embedding_rows(kind_count)
        self.embed = nn.Embedding(vocabulary_size, embedding, padding_idx=PAD)
        self.embed_label = nn.Embedding(embedding_rows(label_count), label_embedding)
        self.embed_kind = nn.Embedding(self.kind_rows, label_embedding) if kind_count > 1 else None
        self.rnn = CELLS[cell](embedding + label_embedding, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary_size)

    def forward(self, chars: Tensor, conditions: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of ``chars`` (B, T), given ``conditions`` (B,)."""
        self.rnn.flatten_parameters()
        labels, kinds = conditions // self.kind_rows, conditions % self.kind_rows  # (B,)
        condition = self.embed_label(self._left_out(labels, self.label_dropout, self.embed_label))  # (B, E)
        if self.embed_kind is not None:
            condition = condition + self.embed_kind(self._left_out(kinds, self.kind_dropout, self.embed_kind))
        condition = condition.unsqueeze(1).expand(-1, chars.size(1), -1)  # (B, T, E)
        states, _ = self.rnn(torch.cat([self.embed(chars), condition], dim=-1))  # (B, T, H)
        logits: Tensor = self.head(self.dropout(states))  # (B, T, V)
        return logits

    def _left_out(self, indices: Tensor, share: float, embedding: nn.Embedding) -> Tensor:
        """In training, a share of the indices (B,) replaced by the last row of the embedding."""
        if not (self.training and share):
            return indices
        chosen = torch.rand(indices.shape, device=indices.device) < share  # (B,)
        return indices.masked_fill(chosen, embedding.num_embeddings - 1)


def reverse(chars: Tensor, lengths: Tensor) -> Tensor:
    """Each row of ``chars`` (B, T) reversed by its own length (B,); padding stays in place."""
    positions = torch.arange(chars.size(1), device=chars.device).expand_as(chars)  # (B, T)
    mirrored = lengths.unsqueeze(1) - 1 - positions
    return chars.gather(1, torch.where(mirrored >= 0, mirrored, positions))


def pool(states: Tensor, lengths: Tensor, how: str) -> Tensor:
    """States (B, T, H) of names with lengths (B,) as one vector each; ``how`` is last, mean, max or mean-last.

    Returns:
        (B, H), or (B, 2H) of mean-last.
    """
    if how == "mean-last":
        return torch.cat([pool(states, lengths, "mean"), pool(states, lengths, "last")], dim=-1)
    if how == "last":
        ends = (lengths - 1).view(-1, 1, 1).expand(-1, 1, states.size(2))
        return states.gather(1, ends).squeeze(1)
    inside = torch.arange(states.size(1), device=states.device).unsqueeze(0) < lengths.unsqueeze(1)  # (B, T)
    inside = inside.unsqueeze(2)
    if how == "mean":
        return (states * inside).sum(1) / lengths.unsqueeze(1)
    return states.masked_fill(~inside, float("-inf")).amax(1)


def build(config: ModelConfig) -> nn.Module:
    """The network of a config, with random weights."""
    vocabulary_size, kinds = SPECIALS + len(config.alphabet), config.kind_count
    if config.task == "classifier":
        return NameClassifier(vocabulary_size, len(config.labels) * kinds, **config.architecture)
    return NameGenerator(vocabulary_size, len(config.labels), kind_count=kinds, **config.architecture)


def cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Summed cross-entropy of logits (…, C) and targets (…) in nats, padding left out."""
    return F.cross_entropy(
        logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORE, reduction="sum", label_smoothing=label_smoothing
    )
