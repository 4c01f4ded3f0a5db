"""Which labels are possible, and how frequent they are where the names come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from charrnn.arguments import texts, weights
from charrnn.arrays import Floats
from charrnn.errors import SettingsError, UnknownLabelError, shown

Prior = str | Mapping[str, float]
"""``model``, ``uniform``, or a weight for each label."""


def log_prior_ratio(
    known: Sequence[str], own: Floats, prior: Prior = "model", labels: Sequence[str] | None = None
) -> Floats | None:
    """log of the wanted label frequencies divided by those of training, (L,); None where they are equal.

    It is added to the logits (Saerens, Latinne and Decaestecker 2002): a ratio that multiplies probabilities of which
    the only possible ones are too small for a float would give 0/0. -inf is an impossible label.

    Args:
        known: labels of the model.
        own: their frequencies in training, (L,).
        prior: the wanted ones.
        labels: the only labels that are possible; None makes no restriction.

    Raises:
        UnknownLabelError: the model does not know one of ``labels``.
        SettingsError: ``labels`` or the prior is invalid, or no label is possible.
    """
    log_ratio = _log_ratio(known, own, prior)
    if labels is None:
        return log_ratio
    labels = texts("labels", labels)
    if not labels or len(set(labels)) < len(labels):
        raise SettingsError("labels: must be a list of labels, each of them once.")
    if unknown := [label for label in labels if label not in known]:
        raise UnknownLabelError.of(unknown[0], known, "labels")
    restricted = np.where(np.isin(known, list(labels)), 0.0 if log_ratio is None else log_ratio, -np.inf)
    if np.isneginf(restricted).all():
        raise SettingsError("labels: the prior makes all of them impossible. Give one of them a weight.")
    return np.asarray(restricted)


def _log_ratio(known: Sequence[str], own: Floats, prior: Prior) -> Floats | None:
    if isinstance(prior, Mapping):
        shares = weights("prior", prior, "finite and at least 0", 0)
        if unknown := sorted(shares.keys() - set(known)):
            raise UnknownLabelError.of(unknown[0], known, "prior")
        wanted = np.array([shares.get(label, 0.0) for label in known])
        if not wanted.any():
            raise SettingsError("prior: weights must not all be 0.")
    elif not isinstance(prior, str) or prior not in ("model", "uniform"):
        raise SettingsError(f"prior {shown(prior)}: must be 'model', 'uniform', or a weight for each label.")
    elif prior == "model":
        return None
    else:
        wanted = np.ones(len(known))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(wanted) - np.log(own))
