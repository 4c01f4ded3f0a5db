"""The import law: upward only, torch in training alone."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "charrnn"
LAYERS = [
    {"errors"},
    {"romanise", "text", "encoded", "prefixes", "ngrams", "hashed_ngrams"},
    {"corpus", "metrics"},
    {"model_folder"},
    {"training", "inference"},
    {"service"},
    {"cli"},
    {"train", "__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def home(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Modules a file imports, outside ``if TYPE_CHECKING``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from [node.module] if node.module != "charrnn" else [f"charrnn.{a.name}" for a in node.names]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_upward_only(path):
    own = home(path)
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "charrnn":
            other = parts[1]
            assert LEVEL[other] <= LEVEL[own], f"{own} imports {other}"
            assert {own, other} != {"training", "inference"}
        if parts[0] in ("torch", "tensorboard"):
            assert own == "training", f"{own} imports {module}"


@pytest.mark.parametrize(
    "code",
    [
        "import charrnn; charrnn.load, charrnn.Corpus, charrnn.Classifier, charrnn.Generator",
        "from charrnn.cli import main; main(['classify', 'Satoshi']); main(['generate', '--label', 'Irish'])",
    ],
)
def test_torch_is_never_loaded_for_inference(code):
    check = "import sys; assert not {'torch', 'gradio', 'pandas'} & sys.modules.keys(), 'loaded'"
    subprocess.run([sys.executable, "-c", f"{code}\n{check}"], check=True, capture_output=True)


def test_public_names():
    import charrnn

    assert set(charrnn.__all__) == {"Classifier", "Corpus", "Generator", "load", "__version__"}
    assert set(dir(charrnn)) == set(charrnn.__all__)
    for name in charrnn.__all__:
        assert getattr(charrnn, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        charrnn.nothing  # noqa: B018
