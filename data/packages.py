"""Name lists of packages (all MIT): Faker and mimesis from PyPI, @faker-js/faker from npm.

A source is a package and a locale: ``Faker de_DE``, ``mimesis kk``, ``faker-js hr``. The build reads some, and
benchmarks score on those that are held back (``held_back.json``).
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

KINDS = ("surname", "female", "male")
FAKER_JS = "@faker-js/faker@10.6.0"
MIMESIS = "mimesis==22.2.0"
_FAKER: Mapping[str, tuple[str, ...]] = {
    "surname": (
        "last_names",
        "last_names_male",
        "last_names_female",
        "male_last_names",
        "female_last_names",
        "unisex_last_names",
    ),
    "female": ("first_names_female", "female_first_names"),
    "male": ("first_names_male", "male_first_names"),
}
_ROMANISED = {
    "surname": "last_romanized_names",
    "female": "first_romanized_names_female",
    "male": "first_romanized_names_male",
}
# Lists by sex, and those for either, as the package's own code groups them; an entry may have a weight.
_DUMP = """
import { allLocales } from "./node_modules/@faker-js/faker/dist/index.js";
const flat = (own) => Object.values(own ?? {}).flat().map((x) => (typeof x === "string" ? x : x.value));
const out = {};
for (const { metadata, person } of Object.values(allLocales)) {
  if (!metadata?.code || !person) continue;
  const { first_name: first, last_name: last } = person;
  const given = (sex) => flat({ own: first?.[sex] ?? [] });
  out[metadata.code] = { surname: flat(last), female: given("female"), male: given("male") };
}
process.stdout.write(JSON.stringify(out));
"""


class MissingPackageError(Exception):
    """A package is not installed, or cannot be fetched."""


def read(source: str) -> dict[str, list[str]]:
    """The names of a source by kind, sorted, as the package spells them; romanised ones too, where it has them.

    Raises:
        MissingPackageError: the package is not there; the message says what to install.
    """
    package, locale, *_ = source.split()
    own = {"Faker": _faker, "mimesis": _mimesis, "faker-js": _faker_js}[package](locale)
    return {kind: sorted({name for name in own[kind] if isinstance(name, str)}) for kind in KINDS}


def _faker(locale: str) -> Mapping[str, Iterable[str]]:
    try:
        provider = import_module(f"faker.providers.person.{locale}").Provider
    except ModuleNotFoundError as error:
        raise MissingPackageError(f"Faker has no {locale}. Run: pip install Faker==40.54.0") from error
    return {
        kind: {
            name for attribute in (*_FAKER[kind], _ROMANISED[kind]) for name in getattr(provider, attribute, None) or ()
        }
        for kind in KINDS
    }


def _mimesis(locale: str) -> Mapping[str, Iterable[str]]:
    spec = find_spec("mimesis")
    if spec is None or spec.origin is None:
        raise MissingPackageError(f"mimesis is not installed. Run: pip install {MIMESIS}")
    person = json.loads((Path(spec.origin).parent / "datasets" / locale / "person.json").read_bytes())
    surnames = person.get("surnames", [])
    if isinstance(surnames, dict):
        surnames = [name for own in surnames.values() for name in own]
    given = person.get("names", {})
    return {"surname": surnames, "female": given.get("female", []), "male": given.get("male", [])}


def _faker_js(locale: str) -> Mapping[str, Iterable[str]]:
    own: Mapping[str, Iterable[str]] = _all_of_faker_js()[locale]
    return own


@functools.cache
def _all_of_faker_js() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "dump.mjs"
        script.write_text(_DUMP, encoding="utf-8")
        for command in (["npm", "install", "--silent", "--ignore-scripts", FAKER_JS], ["node", script.name]):
            try:
                done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError) as error:
                print((getattr(error, "stderr", b"") or b"").decode(errors="replace"), file=sys.stderr)
                raise MissingPackageError(f"{FAKER_JS} cannot be read: {error}. Install node and npm.") from error
    return json.loads(done.stdout)
