"""The direction of imports, and the habits of code that an import contract cannot see."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("configs", "experiments", "migrations", "stats", "tests", "web")
PROJECT = {*ROOMS, "wsgi"}
CLOCKS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "func.now", "func.current_timestamp"),
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def imports_project_inside_function(tree: ast.Module) -> Iterator[ast.AST]:
    functions = (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))
    return (node for function in functions for node in ast.walk(function) if PROJECT & _imported(node))


def has_more_than_a_docstring(tree: ast.Module) -> Iterator[ast.AST]:
    if ast.get_docstring(tree) is None:
        yield tree
    yield from tree.body[1:]


def asks_the_database(tree: ast.Module) -> Iterator[ast.AST]:
    return _calls(tree, lambda name: name == "select" or name.endswith(("sqlalchemy.select", "sa.select")))


def commits(tree: ast.Module) -> Iterator[ast.AST]:
    return _calls(tree, lambda name: name.endswith(".commit"))


def reads_the_clock(tree: ast.Module) -> Iterator[ast.AST]:
    return _calls(tree, lambda name: ".".join(name.split(".")[-2:]) in CLOCKS)


def reads_the_environment(tree: ast.Module) -> Iterator[ast.AST]:
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return (node for node in attributes if ast.unparse(node) in {"os.environ", "os.getenv"})


@dataclass(frozen=True, slots=True)
class Rule:
    """What no file of `where` may do, but for those of `but`; `offence` is the least that breaks it."""

    finds: Callable[[ast.Module], Iterator[ast.AST]]
    offence: str
    where: tuple[str, ...]
    but: tuple[str, ...] = ()


EVERYWHERE = tuple(f"{room}/**/*.py" for room in ROOMS)
RULES = [
    # an import inside a function hides a direction from the contracts
    Rule(imports_project_inside_function, "def f():\n    from web import cli", (*EVERYWHERE, "wsgi.py")),
    # a package says what lives in it and re-exports nothing
    Rule(
        has_more_than_a_docstring,
        '"""A room."""\nfrom web import cli',
        tuple(f"{room}/**/__init__.py" for room in ROOMS),
    ),
    # windows ask the rooms, not the tables
    Rule(asks_the_database, "select(Call)", ("web/**/*.py",)),
    # only doors commit; the journal is one, since it answers when its records are durable
    Rule(commits, "session.commit()", ("experiments/**/*.py",), ("experiments/store.py", "experiments/do/journal.py")),
    # the moment is handed in; ids carry the time only so that an index grows at one end
    Rule(
        reads_the_clock,
        "datetime.datetime.now(UTC)",
        ("configs/**/*.py", "experiments/**/*.py", "stats/**/*.py"),
        ("experiments/store.py",),
    ),
    # so are settings
    Rule(reads_the_environment, "os.environ['HOME']", ("experiments/**/*.py", "stats/**/*.py")),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.finds.__name__)
class TestNoFile:
    def test_breaks_the_rule(self, rule: Rule) -> None:
        offences = [
            f"{path}:{getattr(node, 'lineno', 1)}: {ast.unparse(node)[:100]}"
            for path in _files(rule)
            for node in rule.finds(ast.parse((ROOT / path).read_text("utf-8")))
        ]

        assert not offences, "\n".join(offences)

    def test_could_break_it_unseen(self, rule: Rule) -> None:
        assert list(rule.finds(ast.parse(rule.offence)))


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for pattern in EVERYWHERE for path in ROOT.glob(pattern)}

    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_imports_keep_their_contracts() -> None:
    contracts = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert contracts.returncode == 0, contracts.stdout + contracts.stderr


def _files(rule: Rule) -> list[str]:
    found = {path.relative_to(ROOT).as_posix() for pattern in rule.where for path in ROOT.glob(pattern)}
    return sorted(found - set(rule.but))


def _imported(node: ast.AST) -> set[str]:
    """Give the first parts of what a statement imports."""
    match node:
        case ast.Import():
            return {alias.name.partition(".")[0] for alias in node.names}
        case ast.ImportFrom():
            return {(node.module or "").partition(".")[0]}
    return set()


def _calls(tree: ast.Module, named: Callable[[str], bool]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and named(ast.unparse(node.func)))
