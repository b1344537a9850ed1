"""The rules of the house that a machine can check: who imports whom, and what is banned."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FEATURES = frozenset(
    {
        *("activations", "attacks", "attribution", "embedding"),
        *("flow", "network", "training", "visualization"),
    }
)
#: What takes several features together.
EXPERIMENTS = frozenset({"experiments"})
#: What a page may import besides the standard library.
PAGE = frozenset({"streamlit", "numpy", "xai", "pages"})
COMPUTING = frozenset(
    {"torch", "torchvision", "zennit", "openTSNE", "umap", "sklearn", "PIL", "safetensors"}
)
LONGEST_FILE = 320
SEEDED_BY_ALL = frozenset({"torch", "torch.cuda", "random", "np.random", "numpy.random"})
HOOKS = frozenset(
    {
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_module_forward_hook",
        "register_module_forward_pre_hook",
        "register_module_full_backward_hook",
        "register_hook",
    }
)
TRAINING_ONLY = frozenset({"backward", "zero_grad"})


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "__pycache__" not in path.parts]


APP = [*sources("xai", "pages"), ROOT / "Home.py"]
XAI = sources("xai")


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names of all that a file imports, inside functions too."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _is_lazy(node):
            yield str(node.args[0].value).partition(":")[0]  # type: ignore[attr-defined]


def _is_lazy(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    named = name in ("lazy", "import_module") and bool(node.args)
    return named and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)


def part(path: Path) -> str:
    """Return the package or module directly under ``xai`` that a file belongs to."""
    return path.relative_to(ROOT / "xai").with_suffix("").parts[0]


def parts(path: Path) -> set[str]:
    """Return the parts of ``xai`` that a file imports."""
    found = (name.split(".") for name in imports(path))
    return {names[1] for names in found if names[0] == "xai" and len(names) > 1}


# ---------------------------------------------------------------- who imports whom
def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def offences(paths: list[Path], found: Callable[[Path], Iterable[object]]) -> dict[str, list[str]]:
    """Return what ``found`` finds in each file, by the file's path; empty if all is well."""
    listed = {str(path.relative_to(ROOT)): [str(item) for item in found(path)] for path in paths}
    return {name: items for name, items in listed.items() if items}


def test_there_is_something_to_read():
    assert {part(path) for path in XAI} >= {"models", "datasets", "attribution", "types"}
    assert ROOT / "Home.py" in APP


def test_xai_knows_nothing_of_streamlit_or_the_pages():
    assert offences(XAI, lambda path: roots(path) & {"streamlit", "pages", "Home"}) == {}


def test_features_know_neither_each_other_nor_the_figures():
    paths = [path for path in XAI if part(path) in FEATURES]
    barred = FEATURES | EXPERIMENTS | {"figures"}
    assert offences(paths, lambda path: parts(path) & barred - {part(path)}) == {}


def test_experiments_may_use_features_and_know_no_figures():
    paths = [path for path in XAI if part(path) in EXPERIMENTS]
    assert offences(paths, lambda path: parts(path) & {"figures"}) == {}


def test_the_core_knows_neither_features_nor_figures():
    above = FEATURES | EXPERIMENTS | {"figures"}
    paths = [path for path in XAI if part(path) not in above | {"__main__"}]
    assert offences(paths, lambda path: parts(path) & above) == {}


def test_figures_do_without_torch():
    paths = [path for path in XAI if part(path) == "figures"]
    assert offences(paths, lambda path: roots(path) & {"torch", "torchvision", "zennit"}) == {}


def test_pages_import_streamlit_their_glue_and_xai_alone():
    def found(path: Path) -> set[str]:
        inner = {name for name in imports(path) if name.startswith("pages.")}
        foreign = roots(path) - PAGE - sys.stdlib_module_names
        return foreign | {name for name in inner if not name.startswith("pages._ui")}

    assert offences([ROOT / "Home.py", *sorted((ROOT / "pages").glob("*.py"))], found) == {}


def test_the_app_leaves_computing_to_xai():
    paths = [*sources("pages"), ROOT / "Home.py"]
    assert offences(paths, lambda path: roots(path) & COMPUTING) == {}


# -------------------------------------------------------------------- what is banned
def attributes(path: Path) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute))


def test_backward_and_zero_grad_are_for_training():
    """They crash the process when two sessions meet on a model."""

    def found(path: Path) -> list[str]:
        return [f"line {n.lineno}" for n in attributes(path) if n.attr in TRAINING_ONLY]

    training = ROOT / "xai" / "training"
    assert offences([path for path in APP if training not in path.parents], found) == {}


def test_hooks_are_registered_in_one_place():
    def found(path: Path) -> list[str]:
        return [f"line {n.lineno}: {n.attr}" for n in attributes(path) if n.attr in HOOKS]

    room = ROOT / "xai" / "hooks"
    assert offences([path for path in APP if room not in path.parents], found) == {}


def test_nothing_seeds_the_process():
    """``torch.manual_seed`` and ``np.random.seed`` belong to all sessions at once."""

    def found(path: Path) -> list[str]:
        return [
            f"line {node.lineno}"
            for node in attributes(path)
            if node.attr in ("manual_seed", "manual_seed_all", "seed")
            and ast.unparse(node.value) in SEEDED_BY_ALL
        ]

    assert offences(APP, found) == {}


def test_files_are_short_and_say_what_they_are():
    def found(path: Path) -> list[str]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        long = [f"{lines} lines"] if lines > LONGEST_FILE else []
        return long + (["no docstring"] if lines and not ast.get_docstring(tree(path)) else [])

    assert offences(APP, found) == {}


def test_no_bare_except_and_nothing_unfinished():
    def found(path: Path) -> Iterator[str]:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                yield f"bare except in line {node.lineno}"
            if isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node):
                yield f"NotImplementedError in line {node.lineno}"

    assert offences(APP, found) == {}


# ---------------------------------------------------------------- the test itself
def test_the_reader_of_imports_sees_every_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "xai" / "attacks" / "steps.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import os.path\n"
        "from xai import hooks\n"
        "from . import norms\n"
        "from ..models import load\n"
        "def f():\n"
        "    import torch\n"
        "    importlib.import_module('zennit')\n"
        "row = lazy('xai.attribution.lrp.propagation:relevance')\n"
    )
    assert set(imports(file)) == {
        *("os.path", "xai.hooks", "xai.attacks.norms", "xai.models.load"),
        *("torch", "zennit", "xai.attribution.lrp.propagation"),
    }
    assert parts(file) == {"hooks", "attacks", "models", "attribution"}
    assert part(file) == "attacks"
