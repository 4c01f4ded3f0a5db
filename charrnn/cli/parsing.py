"""A parser of command lines that suggests what may have been meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from charrnn.errors import did_you_mean


class Parser(argparse.ArgumentParser):
    """An ``argparse.ArgumentParser`` whose errors name the nearest flag, command or choice."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:  # type: ignore[override]
        """As of the base class; but each command refuses what it does not know itself, for it knows its flags."""
        namespace, rest = super().parse_known_args(args, namespace)
        if rest:
            flags = set(re.findall(r"--[\w-]+", self.format_help()))
            hints = [did_you_mean(word.partition("=")[0], flags) for word in rest if word.startswith("--")]
            self.error(f"unrecognized arguments: {' '.join(rest)}{next(filter(None, hints), '')}")
        return namespace, rest

    def error(self, message: str) -> NoReturn:
        """Print the message in one line, and exit with status 2."""
        if found := re.search(r"invalid choice: '(.*)' \(choose from (.*)\)$", message):
            message += did_you_mean(found[1], re.findall(r"[\w-]+", found[2]))
        self.exit(2, f"{self.prog}: {message}{'' if message.endswith(('?', '?)')) else '.'} See {self.prog} --help.\n")
