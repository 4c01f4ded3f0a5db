"""The audit of a corpus: its sizes, its faults, and what to do about each."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import repeat
from typing import Any

from charrnn.corpus.corpus import Corpus
from charrnn.corpus.label_facts import label_facts
from charrnn.corpus.reading import BUNDLED
from charrnn.corpus.split import split
from charrnn.corpus.suspicion import Finding, some, suspicious_names, tiny_labels
from charrnn.errors import CorpusError
from charrnn.text import PIPELINES, fold_latin, is_latin, is_readable, to_ascii

LARGE_SHARE = 0.2
"""Of all distinct names; a label with more is reported."""
SMALLEST = 2
"""Lists of each kind of the bundled corpus that are explained."""
NEAR_SAMPLE = 2000
"""Number of test names that are looked up among the training names for near duplicates."""


def audit(corpus: Corpus) -> dict[str, Any]:
    """Sizes and findings, under the keys of ``charrnn corpus audit --format json``.

    Returns:
        ``rows`` (usable names), ``distinct`` (names that differ in more than case and the marks on Latin letters),
        ``cross_label`` (names with more than one label), ``ceiling`` (highest accuracy that a classifier can reach on
        distinct pairs),
        ``labels`` (rows and distinct names of each, and distinct names by kind), ``kinds`` (rows, distinct names and
        labels of each), ``lengths`` (in characters: shortest, median, longest), ``findings`` (see :class:`Finding`).
    """
    keys_of: defaultdict[str, set[str]] = defaultdict(set)
    labels_of: defaultdict[str, set[str]] = defaultdict(set)
    by_kind: dict[str, defaultdict[str, set[str]]] = {kind: defaultdict(set) for kind in corpus.kind_counts}
    keys = [fold_latin(name) for name in corpus.names]
    for key, label, kind in zip(keys, corpus.labels, corpus.kinds or repeat(""), strict=False):
        keys_of[label].add(key)
        labels_of[key].add(label)
        if kind:
            by_kind[kind][label].add(key)
    spelled = dict(zip(reversed(keys), reversed(corpus.names), strict=True))  # the first spelling of each
    pairs = sum(len(labels) for labels in labels_of.values())
    lengths = [len(name) for name in corpus.names]
    findings = [
        *_dropped(corpus),
        *_repeats(corpus, keys, spelled),
        *_cross_label(labels_of, pairs, spelled),
        *_characters(corpus),
        *suspicious_names(corpus),
        *tiny_labels(corpus),
        *(_kinds_of_one_label(by_kind) if len(keys_of) > 1 else []),
        *_large_labels(keys_of, len(labels_of)),
        *_near_duplicates(corpus),
        *(_smallest_lists(by_kind) if corpus.source == BUNDLED else []),
    ]
    return {
        "rows": len(corpus),
        "distinct": len(labels_of),
        "cross_label": sum(len(labels) > 1 for labels in labels_of.values()),
        "ceiling": len(labels_of) / pairs,
        "labels": {
            label: {"rows": rows, "distinct": len(keys_of[label])}
            | ({"kinds": {kind: len(own[label]) for kind, own in by_kind.items() if label in own}} if by_kind else {})
            for label, rows in corpus.label_counts.items()
        },
        "kinds": {
            kind: {"rows": rows, "distinct": len(set().union(*by_kind[kind].values())), "labels": len(by_kind[kind])}
            for kind, rows in corpus.kind_counts.items()
        },
        "lengths": {"shortest": min(lengths), "median": statistics.median(lengths), "longest": max(lengths)},
        "findings": [asdict(finding) for finding in findings],
    }


def as_text(report: dict[str, Any]) -> str:
    """The report of :func:`audit` as lines of text."""
    lengths = report["lengths"]
    widths = {kind: max(len(kind) + 2, 10) for kind in report["kinds"]}
    columns = "".join(f"{kind:>{width}}" for kind, width in widths.items())
    lines = [
        f"{report['rows']:,} rows, {report['distinct']:,} distinct names ignoring case and Latin marks, "
        f"{len(report['labels'])} label{'s' if len(report['labels']) > 1 else ''}",
        f"{lengths['shortest']} to {lengths['longest']} characters, median {lengths['median']:g}",
        *(
            [f"{report['cross_label']:,} names carry several labels: no classifier can pass {report['ceiling']:.1%}"]
            if report["cross_label"]
            else []
        ),
        "",
        f"{'label':<20}{'rows':>10}{'distinct':>10}{'share':>8}{columns}",
    ]
    for label, sizes in report["labels"].items():
        share = sizes["distinct"] / report["distinct"]
        cells = "".join(f"{sizes['kinds'].get(kind, 0):>{width},}" for kind, width in widths.items())
        lines.append(f"{label:<20}{sizes['rows']:>10,}{sizes['distinct']:>10,}{share:>8.1%}{cells}")
    if widths:
        totals = "".join(f"{report['kinds'][kind]['distinct']:>{width},}" for kind, width in widths.items())
        lines.append(f"{'all':<20}{report['rows']:>10,}{report['distinct']:>10,}{'':>8}{totals}")
    for finding in report["findings"]:
        lines += ["", f"{finding['severity']}: {finding['message']}", f"  next: {finding['next']}"]
    return "\n".join(lines)


def _kinds_of_one_label(by_kind: dict[str, defaultdict[str, set[str]]]) -> Iterator[Finding]:
    for kind, own in by_kind.items():
        if len(own) == 1:
            what = f"only {next(iter(own))} has names of the kind {kind}; a model takes the kind for the label"
            yield Finding("kind-of-one-label", "warning", 1, what, "Add names of this kind to other labels.")


def _smallest_lists(by_kind: dict[str, defaultdict[str, set[str]]]) -> Iterator[Finding]:
    """Of the bundled corpus, with what is known of their labels."""
    facts = label_facts()
    if {label for own in by_kind.values() for label in own} != facts.keys():
        return  # a list that somebody else calls so
    smallest = [
        (kind, label, len(own[label]))
        for kind, own in by_kind.items()
        for label in sorted(own, key=lambda label: len(own[label]))[:SMALLEST]
    ]
    sizes = "; ".join(f"{label}, {kind}: {count:,}" for kind, label, count in smallest)
    notes = " ".join(f"{label}: {facts[label].note}" for label in sorted({label for _, label, _ in smallest}))
    what = f"the smallest lists are {sizes}. {notes}"
    yield Finding("smallest-lists", "info", len(smallest), what, "Expect the least of these labels.")


def _dropped(corpus: Corpus) -> Iterator[Finding]:
    for reason, count in sorted(corpus.dropped.items()):
        # Many lists separate or end their names with blank lines.
        severity = "info" if reason == "missing-name" else "warning"
        remedy = "Read them with --pipeline native." if reason == "unsupported-script" else "Mend or remove them."
        yield Finding("dropped", severity, count, f"{count:,} rows left out: {reason}", remedy)


def _repeats(corpus: Corpus, keys: list[str], spelled: Mapping[str, str]) -> Iterator[Finding]:
    rows = Counter(zip(corpus.labels, keys, corpus.kinds or corpus.labels, strict=True))
    distinct = Counter(label for label, *_ in rows)
    often = [f"{spelled[key]} {count:,} times" for (_, key, _), count in rows.most_common(3) if count > 1]
    surplus = {label: count - distinct[label] for label, count in corpus.label_counts.items()}
    total = sum(surplus.values())
    if not total:
        return
    shares = {label: count / corpus.label_counts[label] for label, count in surplus.items()}
    worst = sorted(shares, key=lambda label: -shares[label])[:3]
    share = shares[worst[0]]
    examples = "; ".join(
        f"{label}: {corpus.label_counts[label]:,} rows hold {distinct[label]:,} names"
        for label in worst
        if surplus[label]
    )
    yield Finding(
        "repeated",
        "warning" if share > 0.5 else "info",
        total,
        f"{total:,} rows repeat a name of the same label{' and kind' if corpus.kinds else ''} in whatever case and "
        f"marks ({examples}), most of all {', '.join(often)}",
        "Nothing for a classifier, which drops them. For a generator, remove them unless the repeats mean frequency.",
    )


def _cross_label(labels_of: dict[str, set[str]], pairs: int, spelled: Mapping[str, str]) -> Iterator[Finding]:
    names = [key for key, labels in labels_of.items() if len(labels) > 1]
    if not names:
        return
    common = Counter(" and ".join(sorted(labels_of[key])) for key in names).most_common(3)
    examples = "; ".join(f"{labels}: {count:,}" for labels, count in common)
    examples += f"; such as {some(sorted(spelled[key] for key in names))}"
    yield Finding(
        "cross-label",
        "info",
        len(names),
        f"{len(names):,} names carry more than one label ({examples}); accuracy cannot pass "
        f"{len(labels_of) / pairs:.1%}",
        "Merge labels that are hard to tell apart, or read the probabilities instead of the first answer.",
    )


def _characters(corpus: Corpus) -> Iterator[Finding]:
    changed: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    unread: list[str] = []
    respelled: list[str] = []
    labels_read: set[str] = set()
    rows = 0
    for name, label in zip(corpus.names, corpus.labels, strict=True):
        if not is_readable(name):
            unread.append(name)
            continue
        labels_read.add(label)
        if name.isascii():
            continue
        rows += 1
        if not is_latin(name):
            respelled.append(name)
            continue
        for c in name:
            if not c.isascii():
                (changed if to_ascii(c).strip() else lost)[c] += 1
    if changed or respelled:
        examples = ", ".join(
            [f"{c} → {to_ascii(c)}" for c, _ in changed.most_common(8)]
            + [f"{name} → {PIPELINES['ascii'](name)}" for name in respelled[:: len(respelled) // 3 + 1]]
        )
        yield Finding(
            "transliterated",
            "info",
            rows,
            f"{rows:,} names hold characters that are written in ASCII before training ({examples})",
            "Nothing, if spellings without marks will do: both count as one name. A generator keeps the marks of Latin "
            "letters with --pipeline latin, every character with --pipeline native.",
        )
    if unread:
        whole = sorted(set(corpus.labels) - labels_read)
        yield Finding(
            "unsupported-script",
            "error" if whole else "warning",
            len(unread),
            f"{len(unread):,} names are in letters without a known reading in ASCII, and a generator leaves them out "
            f"({some(unread)}){f'; all names of {some(whole)} are among them' if whole else ''}",
            "Nothing for a classifier, which reads every script. Train a generator with --pipeline native.",
        )
    if lost:
        count = sum(lost.values())
        examples = ", ".join(f"U+{ord(c):04X}" for c, _ in lost.most_common(8))
        yield Finding(
            "lost-characters",
            "warning",
            count,
            f"{count:,} characters have no ASCII spelling and are lost ({examples})",
            "Replace them by letters.",
        )


def _large_labels(keys_of: dict[str, set[str]], distinct: int) -> Iterator[Finding]:
    large = sorted(label for label, keys in keys_of.items() if len(keys) > LARGE_SHARE * distinct)
    if large and len(keys_of) > 1 / LARGE_SHARE:
        yield Finding(
            "large-label",
            "info",
            len(large),
            f"{some(large)}: over {LARGE_SHARE:.0%} of all names each; a model takes that for their frequency in life",
            "Compare with charrnn evaluate --prior uniform.",
        )


def _near_duplicates(corpus: Corpus) -> Iterator[Finding]:
    try:
        splits = split(corpus)
    except CorpusError:
        what = (
            f"{len(set(corpus.keys)):,} distinct names are too few to hold a tenth out for validation and for testing"
        )
        yield Finding("too-small", "error", len(corpus), what, "Add names.")
        return
    train = set(splits.train.keys)
    test = sorted(set(splits.test.keys))
    step = -(-len(test) // NEAR_SAMPLE)
    sample = test[::step]
    alphabet = sorted({c for key in train for c in key})
    spelled = dict(zip(reversed(corpus.keys), reversed(corpus.names), strict=True))
    near = [key for key in sample if any(other in train for other in _neighbours(key, alphabet))]
    yield Finding(
        "near-duplicates",
        "info",
        len(near),
        f"{len(near) / len(sample):.0%} of the test names of a default split are one letter from a training name"
        f"{f' ({some([spelled[key] for key in near])})' if near else ''}; no name stands on both sides",
        "Read scores on this list as scores on such names; score on another source with charrnn evaluate --exclude.",
    )


def _neighbours(key: str, alphabet: list[str]) -> Iterator[str]:
    """All strings one insertion, deletion or substitution away."""
    for i in range(len(key) + 1):
        head, tail = key[:i], key[i:]
        if tail:
            yield head + tail[1:]
        for c in alphabet:
            yield head + c + tail
            if tail:
                yield head + c + tail[1:]
