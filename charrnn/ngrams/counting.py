"""Counting the n-grams of names, by label and kind, into the tree of :mod:`charrnn.ngrams.automaton`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.arrays import Bools, Floats, Ints
from charrnn.hash_index import smallest
from charrnn.text import BOS, EOS, PAD, SPECIALS, add_bos_eos, pad


def lowest_order(symbols: Ints, vocabulary_size: int) -> Floats:
    """The distribution of a character of which nothing is known, (V,), that the lowest order falls back to.

    It is uniform over EOS, the characters in use and one more, which all other characters share. So the alphabet of
    the model that a list starts from takes nothing from the characters of the list. Without any name it is uniform.

    Args:
        symbols: that occur in the names.
        vocabulary_size: V, specials included.
    """
    in_use = np.unique(symbols[symbols >= SPECIALS])
    if not len(in_use):
        in_use = np.arange(SPECIALS, vocabulary_size)
    others = vocabulary_size - 3 - len(in_use)  # padding, BOS and EOS are none
    p = np.full(vocabulary_size, 1 / (len(in_use) + 2) / max(others, 1))
    p[in_use] = p[EOS] = 1 / (len(in_use) + 2)
    p[[PAD, BOS]] = 0
    return p


def count_ngrams(
    names: Sequence[Sequence[int]],
    labels: Sequence[int],
    label_count: int,
    vocabulary_size: int,
    order: int,
    kinds: Sequence[int] | None,
    kind_count: int,
    max_ngrams: int,
) -> dict[str, NDArray[Any]]:
    """The arrays of an automaton; arguments as for :meth:`charrnn.ngrams.NGramAutomaton.fit`."""
    symbols = add_bos_eos(*pad(names))
    position = np.broadcast_to(np.arange(symbols.shape[1]), symbols.shape)
    own_kind = np.zeros(len(names), np.int64) if kinds is None else np.array(kinds, np.int64)
    # The node of the context that ends at each position; -1 where it is no state.
    context = np.broadcast_to(np.array(labels, np.int64)[:, None], symbols.shape)
    nodes, room = label_count, max_ngrams
    levels: dict[str, list[NDArray[Any]]] = {"symbols": [], "children": [], "counts": []}
    for n in range(1, order + 1):
        prefix = context if n == 1 else np.pad(context[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
        there = (symbols > 0) & (prefix >= 0)
        keys, which, seen = np.unique(
            (prefix * vocabulary_size + symbols)[there], return_inverse=True, return_counts=True
        )
        above = label_count if n == 1 else len(levels["symbols"][-1])
        levels["children"].append(np.bincount(keys // vocabulary_size - (nodes - above), minlength=above))
        levels["symbols"].append(keys % vocabulary_size)
        cells = which * kind_count + np.broadcast_to(own_kind[:, None], symbols.shape)[there]
        counts = np.bincount(cells, position[there] > 0, minlength=len(keys) * kind_count)
        levels["counts"].append(counts.reshape(-1, kind_count))
        room -= len(keys)
        if n == order:
            break
        kept: Bools = keys % vocabulary_size != EOS
        context = np.full(symbols.shape, -1)
        context[there] = np.where(kept, nodes + np.arange(len(keys)), -1)[which]
        following = (symbols[:, 1:] > 0) & (context[:, :-1] >= 0)
        if n > 1 and room < following.sum():
            # What the n-grams of each context take, less those that fit.
            pairs = np.unique((context[:, :-1] * vocabulary_size + symbols[:, 1:])[following])
            sizes = np.bincount(pairs // vocabulary_size - nodes, minlength=len(keys))
            order_of = np.argsort(-np.where(kept, seen, 0), kind="stable")
            kept[order_of[np.cumsum(sizes[order_of]) > room]] = False
            context[there] = np.where(kept, nodes + np.arange(len(keys)), -1)[which]
        nodes += len(keys)
    rows, row_of = np.unique(np.concatenate(levels["counts"]).astype(np.int64), axis=0, return_inverse=True)
    arrays = {
        "symbols": np.concatenate(levels["symbols"]),
        "children": np.concatenate(levels["children"]),
        "roots": np.array([label_count]),
        "rows": row_of.ravel(),
        "counts": rows.ravel(),
    }
    return {name: smallest(array) for name, array in arrays.items()}
