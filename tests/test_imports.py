"""The import law: upward only, no circles, torch in training alone; and every script can be imported."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "charrnn"
LAYERS = [
    {"errors"},
    {"arguments", "storage", "transaction", "arrays", "metrics", "cancellation", "cluster", "machine", "model_config"},
    {"text", "model_folder", "hash_index", "name_forms"},
    {"ngrams", "corpus", "memory"},
    {"likeness"},
    {"generation"},
    {"training", "inference"},
    {"tables", "onnx"},
    {"service"},
    {"cross_validation", "recipe", "cli", "train", "__main__"},
]
"""Packages and modules of charrnn, the lowest first. Each may import from its own layer and from those below."""
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MAX_LINES = 300


def module_name(path: Path) -> str:
    """``charrnn.text.cleaning`` for a file of the package, ``data/build.py`` for a script."""
    if PACKAGE not in path.parents:
        return str(path.relative_to(ROOT))
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
SCRIPTS = {
    module_name(path): path
    for path in [ROOT / "app.py", *sorted((ROOT / "data").glob("*.py")), *sorted((ROOT / "benchmarks").glob("*.py"))]
}


def imports(path: Path) -> set[str]:
    """Modules that a file imports, wherever the statement stands: in functions and under TYPE_CHECKING, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: a relative import"
            own = {f"{node.module}.{alias.name}" for alias in node.names}
            # ``from charrnn import text`` imports a module, ``from charrnn.text import BOS`` does not.
            found |= {name if name in MODULES else node.module for name in own}
    return found


GRAPH = {name: imports(path) & MODULES.keys() for name, path in MODULES.items()}


def layer(module: str) -> str:
    """The package or module of charrnn that a module belongs to, such as ``text``."""
    return module.split(".")[1]


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The circles of a graph: its strongly connected components of several nodes (Tarjan 1972), and self-loops."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1 or node in graph[node]:
                found.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": {"d"}}) == [["d"], ["a", "b", "c"]]


def test_no_module_imports_itself_in_a_circle():
    assert circles(GRAPH) == []


def test_no_package_imports_itself_in_a_circle():
    packages: dict[str, set[str]] = {}
    for name, imported in GRAPH.items():
        if name != "charrnn":
            packages.setdefault(layer(name), set()).update(
                layer(other) for other in imported - {"charrnn"} if layer(other) != layer(name)
            )
    assert circles(packages) == []


@pytest.mark.parametrize("name", [name for name in MODULES if name != "charrnn"])
def test_imports_go_upward_only(name):
    own = layer(name)
    for other in map(layer, GRAPH[name] - {"charrnn"}):
        assert LEVEL[other] <= LEVEL[own], f"{name} imports {other}"
        assert {own, other} != {"training", "inference"}, f"{name} imports {other}"
    outside = {module.split(".")[0] for module in imports(MODULES[name])}
    assert not outside & {"app", "benchmarks", "data", "tests", "common", "peers"}, f"{name} imports a script"


def test_every_module_has_its_layer():
    assert {layer(name) for name in MODULES if name != "charrnn"} == LEVEL.keys()


@pytest.mark.parametrize("name", [*MODULES, *SCRIPTS])
def test_only_training_and_benchmarks_import_torch(name):
    path = MODULES.get(name) or SCRIPTS[name]
    if path.parent == ROOT / "benchmarks" or name.startswith("charrnn.training"):
        return
    torch = {module for module in imports(path) if module.split(".")[0] in ("torch", "tensorboard")}
    assert not torch, f"{name} imports {torch}"


IMPORT_ALL = """
import importlib, importlib.util, json, sys, traceback

failures = {}
for name in sys.argv[1:]:
    try:
        if not name.endswith(".py"):
            importlib.import_module(name)
            continue
        spec = importlib.util.spec_from_file_location("script", name)
        module = importlib.util.module_from_spec(spec)
        sys.modules["script"] = module  # dataclasses look themselves up there
        spec.loader.exec_module(module)
    except Exception:
        failures[name] = traceback.format_exc(limit=-2)
print(json.dumps(failures))
"""


@pytest.mark.parametrize("folder", [".", "data", "benchmarks"])
def test_every_script_can_be_imported(folder):
    """A script whose imports are stale fails here, not when somebody runs it."""
    names = [str(path) for path in SCRIPTS.values() if path.parent == ROOT / folder]
    names += list(MODULES) if folder == "." else []
    # A script that is started has its own folder on the path.
    code = f"import sys; sys.path[:0] = {[str(ROOT), str(ROOT / folder)]!r}\n{IMPORT_ALL}"
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    failures = json.loads(done.stdout.splitlines()[-1])
    assert names and not failures, "\n".join(failures.values())


@pytest.mark.parametrize(
    "code",
    [
        "import charrnn; [getattr(charrnn, name) for name in charrnn.__all__]",
        "from charrnn.cli import main; main(['classify', 'Satoshi']); main(['generate', '--label', 'Irish'])",
        "import charrnn.onnx.export, charrnn.onnx.runtime, charrnn.tables",
    ],
)
def test_torch_is_never_loaded_for_inference(code):
    check = "import sys; assert not {'torch', 'gradio', 'pandas'} & sys.modules.keys(), 'loaded'"
    subprocess.run([sys.executable, "-c", f"{code}\n{check}"], check=True, capture_output=True, cwd=ROOT)


def test_a_name_is_classified_without_what_only_tables_and_errors_need():
    heavy = {"tomllib", "importlib.metadata", "pyarrow", "tqdm", "urllib.request", "rapidfuzz", "multiprocessing"}
    heavy |= {"charrnn.corpus.rows", "charrnn.tables"}
    code = "from charrnn.cli import main; main(['classify', 'Satoshi'])"
    check = f"import sys; loaded = {heavy!r} & sys.modules.keys(); assert not loaded, loaded"
    subprocess.run([sys.executable, "-c", f"{code}\n{check}"], check=True, capture_output=True, cwd=ROOT)


@pytest.mark.parametrize("name", MODULES)
def test_no_file_is_over_300_lines(name):
    lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{lines} lines: is it two files?"


PUBLIC = """
load Classifier Generator Constraints Corpus Explanation FullName
FullRequest LabelScore Prediction Ranking Request Sample Sampling Neighbour
CharRNNError InputError CorpusError SettingsError ImpossibleConstraint UnknownLabelError StorageError ModelFolderError
CheckpointError NonFiniteLossError WorkerError InterruptedRunError StoppedError
MissingExtraError
__version__
"""


def test_public_names():
    import charrnn
    from charrnn import errors

    assert sorted(charrnn.__all__) == sorted(PUBLIC.split())
    assert set(dir(charrnn)) == set(charrnn.__all__)
    for name in charrnn.__all__:
        assert getattr(charrnn, name)
    kinds = {k for k, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)}
    assert kinds <= set(charrnn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        charrnn.nothing  # noqa: B018


def test_type_checkers_see_the_public_names():
    """Names imported under TYPE_CHECKING, and __all__ as a literal list, are what a type checker reads."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    guarded = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name for branch in guarded for node in branch.body for alias in node.names}
    (listed,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
    )
    assert seen | {"__version__"} == set(listed)
    assert (PACKAGE / "py.typed").exists()
