"""Keep the repository small: ``python .ci/tracked_files.py`` fails on large files that git tracks.

A file over 1 MB needs an entry in ``ALLOWED``, with a reason; all tracked files together may have 20 MB. Every clone
downloads what was ever committed, so a large file costs everybody, even after it is deleted. A source archive has no
list of tracked files; there the check is skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

MAX_FILE = 1_000_000
MAX_TOTAL = 20_000_000
ALLOWED = {
    "charrnn/pretrained/names/classifier/model.safetensors": "weights of the shipped classifier",
    "charrnn/pretrained/names/generator/model.safetensors": "weights of the shipped generator",
}
"""Files that may be over :data:`MAX_FILE` bytes, and why."""


def tracked_sizes(root: Path) -> dict[str, int]:
    """Bytes in the working tree of each file that git tracks; deleted files are left out.

    Raises:
        subprocess.CalledProcessError: git cannot list them.
    """
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    paths = [name for name in listed.decode(errors="surrogateescape").split("\0") if name]
    return {name: (root / name).lstat().st_size for name in paths if (root / name).is_file()}


def problems(sizes: dict[str, int]) -> list[str]:
    """What is wrong, and the next move, a line each."""
    found = [
        f"{name}: {size:,} bytes, a tracked file may have {MAX_FILE:,}. Take it out (git rm --cached) and name it in "
        ".gitignore, or add it with its reason to ALLOWED in .ci/tracked_files.py."
        for name, size in sizes.items()
        if size > MAX_FILE and name not in ALLOWED
    ]
    total = sum(sizes.values())
    if total > MAX_TOTAL:
        largest = ", ".join(sorted(sizes, key=lambda name: -sizes[name])[:3])
        found.append(
            f"all tracked files: {total:,} bytes, at most {MAX_TOTAL:,} are allowed. Take some out (git rm --cached); "
            f"the largest are {largest}."
        )
    return found


def main(root: Path) -> int:
    """Print what is wrong; the exit status."""
    if not (root / ".git").exists() or shutil.which("git") is None:
        print("tracked files: not checked, this is no git checkout or git is not installed")
        return 0
    try:
        found = problems(tracked_sizes(root))
    except subprocess.CalledProcessError as error:
        found = [f"git ls-files failed: {error.stderr.decode(errors='replace').strip()}"]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
