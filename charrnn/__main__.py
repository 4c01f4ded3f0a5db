"""The ``charrnn`` command, also ``python -m charrnn``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; ``charrnn train`` is ``python -m charrnn.train``.

    Returns:
        The exit status.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["train"]:
        from charrnn import train

        return train.main(arguments[1:], "charrnn train")
    from charrnn import cli

    return cli.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
