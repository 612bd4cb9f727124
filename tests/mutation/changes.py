"""Changes of what mutmut leaves alone: tables, constants, defaults and decorated functions.

They are mutmut's own, and two for tables: an element left out, a word of a list exchanged for its
neighbour.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation import mutators

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHECKOUT = Path(__file__).resolve().parents[2]
# An argument left out or None breaks the import of a table: no test is put to the proof.
_LEFT_OUT = {mutators.operator_arg_removal, mutators.operator_assignment}


class Change(NamedTuple):
    """A change of a module: its place in the text, and what stands there instead."""

    path: str
    line: int
    before: str
    after: str
    start: int
    end: int

    def applied(self) -> str:
        """Return the whole text of the module with the change."""
        source = (CHECKOUT / self.path).read_text()  # not the tree that mutmut writes
        return source[: self.start] + self.after + source[self.end :]


def changes_of(path: str) -> list[Change]:
    """Return the changes of a module outside the functions that mutmut changes."""
    finder = _Finder(path)
    finder.wrapper.visit(finder)
    return finder.found


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        source = (CHECKOUT / path).read_text()
        lengths = (len(line) for line in source.splitlines(keepends=True))
        self.starts = [0, *itertools.accumulate(lengths)]  # of each line
        self.wrapper = MetadataWrapper(cst.parse_module(source))
        self.module = self.wrapper.module
        self.words = _words(self.module)
        self.found: list[Change] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Note the changes of a node; return whether to look inside."""
        if self._is_passed_over(node):
            return False
        for kind, operator in mutators.mutation_operators:
            if not isinstance(node, kind):
                continue
            if self._is_in_function(node):
                found = operator(node)
            elif operator not in _LEFT_OUT:
                # Of a text in a table one change: what compares it compares it whole.
                found = itertools.islice(operator(node), 1)
            else:
                continue
            for after in found:
                self._note(node, after)
        for after in (*_shorter(node), *self._neighbours(node)):
            self._note(node, after)
        return True

    def _is_passed_over(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):  # mutmut takes those without decorators
            names = {self.module.code_for_node(each.decorator) for each in node.decorators}
            return not names - {"classmethod", "staticmethod"}
        if isinstance(node, cst.If):
            return self.module.code_for_node(node.test) == "TYPE_CHECKING"
        # Types and imports are the type checker's; how much a cache holds is no behaviour.
        return isinstance(node, (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom))

    def _is_in_function(self, node: cst.CSTNode) -> bool:
        parent: cst.CSTNode | None = node
        while parent is not None and not isinstance(parent, cst.FunctionDef):
            parent = self.get_metadata(ParentNodeProvider, parent, None)
        return parent is not None

    def _neighbours(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield S.SETTLED for S.RECEIVED: the next word of the same list that the module uses."""
        if not isinstance(node, cst.Attribute) or not isinstance(node.value, cst.Name):
            return
        words = self.words.get(node.value.value, [])
        if len(words) > 1 and node.attr.value in words and not self._is_in_function(node):
            following = words[(words.index(node.attr.value) + 1) % len(words)]
            yield node.with_changes(attr=cst.Name(following))

    def _note(self, node: cst.CSTNode, after: cst.CSTNode) -> None:
        place = self.get_metadata(PositionProvider, node)
        text = self.module.code_for_node
        start = self.starts[place.start.line - 1] + place.start.column
        end = self.starts[place.end.line - 1] + place.end.column
        self.found.append(Change(self.path, place.start.line, text(node), text(after), start, end))


def _words(module: cst.Module) -> dict[str, list[str]]:
    """Return by its short name each list of words the module picks from, and the words."""
    words: dict[str, list[str]] = {}
    for node in m.findall(module, m.Attribute(value=m.Name(), attr=m.Name())):
        name, word = module.code_for_node(node).split(".")
        known = words.setdefault(name, [])
        if word.isupper() and word not in known:
            known.append(word)
    return words


def _shorter(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a list, tuple, set or dict with one element left out, a call with one keyword less."""
    elements: Sequence[Any] = ()
    # Two names beside each other without parentheses are a value and its label, say: no list.
    if isinstance(node, (cst.List, cst.Set, cst.Dict)) or (
        isinstance(node, cst.Tuple) and node.lpar
    ):
        elements = node.elements
    if len(elements) > (not isinstance(node, (cst.List, cst.Dict))):
        for index in range(len(elements)):
            rest = [*elements[:index], *elements[index + 1 :]]
            if isinstance(node, cst.Tuple):  # (a,) keeps its comma
                rest = [each.with_changes(comma=cst.Comma()) for each in rest]
            yield node.with_changes(elements=rest)
    if isinstance(node, cst.Call):
        for index, argument in enumerate(node.args):
            if argument.keyword is not None or argument.star == "**":
                yield node.with_changes(args=[*node.args[:index], *node.args[index + 1 :]])
