"""What is installed: names, versions and licences; and that the repository is a Hugging Face Space."""

import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

import charrnn
from charrnn.errors import DISTRIBUTION
from tests.conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]


def test_the_distribution_has_its_own_name_and_one_version():
    assert PROJECT["name"] == DISTRIBUTION == "charrnn-names"
    assert "version" not in PROJECT and PROJECT["dynamic"] == ["version"]
    assert PYPROJECT["tool"]["hatch"]["version"]["path"] == "charrnn/__init__.py"
    assert charrnn.__version__ == "0.2.0"


def test_the_space_installs_what_app_py_imports():
    """A Space installs requirements.txt alone, and adds gradio in the version that README.md names."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    extra = PROJECT["optional-dependencies"]["app"]
    needed = [*PROJECT["dependencies"], *(line for line in extra if not line.startswith("gradio"))]
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(needed)


def test_the_repository_is_a_space():
    opening, front_matter, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    space = yaml.safe_load(front_matter)
    assert opening == "" and space["title"] == "charrnn" and space["sdk"] == "gradio" and space["emoji"]
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {space["colorFrom"], space["colorTo"]} <= colours
    pinned = re.search(r"^gradio==(.+)$", (ROOT / "requirements" / "app.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert space["sdk_version"] == pinned[1]
    # As texts: YAML would read 3.10 as a number, and the Space would install 3.1.
    assert all(isinstance(space[key], str) for key in ("sdk_version", "python_version"))
    assert space["python_version"] >= PROJECT["requires-python"].removeprefix(">=")
    assert (ROOT / space["app_file"]).is_file() and space["suggested_hardware"] == "cpu-basic"
    assert 0 < len(space["short_description"]) <= 60
    assert space["license"] == PROJECT["license"].lower() and all(isinstance(tag, str) for tag in space["tags"])


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="no git checkout")
def test_no_tracked_file_is_too_large_for_the_hub():
    """The Hub refuses files over 10 MB outside its storage for large files."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for path in (ROOT / name for name in listed.split("\0") if name):
        assert not path.is_file() or path.stat().st_size <= 10_000_000, path


def test_the_pinned_packages_are_the_required_ones():
    pinned = (ROOT / "requirements" / "app.txt").read_text(encoding="utf-8").lower()
    for requirement in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["app"]:
        assert f"\n{requirement.split('>=')[0]}==" in pinned


def test_the_licences_are_told():
    assert PROJECT["license"] == "MIT" and PROJECT["license-files"] == ["LICENSE", "NOTICE"]
    notice, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("NOTICE", "README.md"))
    for text in (notice, readme):
        assert "Unidecode" in text and "GPL" in text and "MIT" in text and "Faker" in text
    assert "GPL-2.0-or-later" in notice and "Daniele Faraglia" in notice
