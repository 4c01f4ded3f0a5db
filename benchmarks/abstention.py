"""How many names of persons abstain, and how many texts that are none.

True names: the test names of the bundled corpus, as if they were not listed, and held-back names of other sources that
no list has, alone and put together to full names. Others: ``non_names/development``, which the rules of
:mod:`charrnn.text.not_names` were written beside; ``non_names/test``, written apart from them; names of languages that
the model does not know; random letters, and the letters of test names in another order.
"""

from __future__ import annotations

import random
import string
from collections import Counter, defaultdict

import ngram_floor
from common import ROOT, report, write_table

import charrnn
from charrnn.corpus import Corpus
from charrnn.corpus.split import split
from charrnn.inference import Classifier
from charrnn.text import fold_latin, is_latin

NON_NAMES = ROOT / "benchmarks" / "non_names"
SORTS = {
    "placeholders": "placeholders, such as N/A",
    "addresses": "e-mail, web and postal addresses, numbers, dates, files",
    "companies": "companies and other organisations",
    "keyboard": "neighbouring keys",
    "other_languages": "names of languages that it does not know",
}
FORMS = [
    *("{surname}, {given}", "{given} {a}. {surname}", "{a}. {surname}", "A. {a}. {surname}", "{surname} {a}.A."),
    *("{surname}, {a}.", "Dr. {given} {surname}", "{given} {surname} Jr.", '{given} "{given}" {surname}'),
]
SAMPLE = 5_000


def true_names(corpus: Corpus) -> dict[str, list[str]]:
    """Names of persons that the model is to answer."""
    rng = random.Random(0)
    test = sorted(set(split(corpus).test.names))
    known = {fold_latin(name) for name in corpus.names}
    held = ngram_floor.held_back()
    found = {"test names": rng.sample(test, SAMPLE)}
    by_label: dict[str, dict[str, list[str]]] = {}
    for kind, lists in held.items():
        for label, own in lists.items():
            by_label.setdefault(label, {})[kind] = sorted(own - known)
        unlisted = sorted(set().union(*lists.values()) - known)
        found[f"held-back names, {kind}"] = rng.sample(unlisted, min(SAMPLE, len(unlisted)))
    full = []
    for own in by_label.values():
        given = [*own.get("female", []), *own.get("male", [])]
        if given and own.get("surname"):
            full += [f"{rng.choice(given)} {rng.choice(own['surname'])}".title() for _ in range(100)]
    return found | {"held-back full names": full, "listed names as tables write full names": _in_tables(corpus, rng)}


def _in_tables(corpus: Corpus, rng: random.Random) -> list[str]:
    """Ten full names for each label in each of :data:`FORMS`, of names in Latin letters."""
    names = defaultdict(lambda: defaultdict(list))
    for name, label, kind in zip(corpus.names, corpus.labels, corpus.kinds, strict=True):
        if is_latin(name):
            names[label]["surname" if kind == "surname" else "given"].append(name)
    return [
        form.format(
            given=rng.choice(own["given"]), surname=rng.choice(own["surname"]), a=rng.choice(string.ascii_uppercase)
        )
        for own in names.values()
        if own["given"] and own["surname"]
        for form in FORMS
        for _ in range(10)
    ]


def others(corpus: Corpus) -> dict[str, list[str]]:
    """Texts that are no names of a known label."""
    rng = random.Random(1)
    found = {}
    for part in ("development", "test"):
        for sort, title in SORTS.items():
            path = NON_NAMES / part / f"{sort}.txt"
            if path.exists():
                found[f"{title} ({part})"] = path.read_text(encoding="utf-8").splitlines()
    found["random letters"] = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(4, 10))) for _ in range(500)]
    words = sorted(name for name in set(split(corpus).test.names) if name.isascii() and name.isalpha())
    shuffled = ["".join(rng.sample(name, len(name))).title() for name in rng.sample(words, 500) if len(name) > 4]
    return found | {"letters of test names, shuffled": shuffled}


def main() -> None:
    corpus = Corpus.read("names", pipeline="native")
    model = charrnn.load("names/classifier")
    assert isinstance(model, Classifier)
    results: dict[str, float] = {}
    lines = ["| what | texts | abstain | of these for |", "| --- | --- | --- | --- |"]
    for groups, used in ((true_names(corpus), model.without_memory()), (others(corpus), model)):
        for title, names in groups.items():
            reasons = Counter(answer.reason for answer in used.predict(names) if answer.reason)
            share = reasons.total() / len(names)
            results[f"share that abstains: {title}"] = share
            told = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
            lines.append(f"| {title} | {len(names):,} | {100 * share:.1f} % | {told} |")
    print("\n".join(lines))
    write_table("abstention", "\n".join(lines))
    report("abstention", results)


if __name__ == "__main__":
    main()
