"""What is installed: names, versions and licences."""

import tomllib

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
