"""Formulas as text become trees. One grammar reads both notations: the paper's and qlib's.

A tree is made of `Number`, `Name` and `Call`. They compare by value, so that a sub-expression that
occurs twice is one key of a dictionary. Operators are calls too: `Call("+", (a, b))`.
"""

import re
from typing import NamedTuple


class Number(NamedTuple):
    """A constant, as it is written."""

    text: str


class Name(NamedTuple):
    """A column or, after planning, a column of an earlier step."""

    text: str


class Call(NamedTuple):
    """A function or an operator over arguments."""

    function: str
    args: tuple


TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:e-?\d+)?|\.\d+)|(\$?[A-Za-z_][\w.]*)|(\|\||==|[-+*/^<>?:(),]))")

# Binary operators, loosest first; all of them group to the left.
LEVELS = [["||"], ["<", ">", "=="], ["+", "-"], ["*", "/"], ["^"]]


def tokens(text):
    """(kind, text) for each word of a formula."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"cannot read {text[at:]!r}")
        kind = ("number", "name", "sign")[match.lastindex - 1]
        found.append((kind, match.group(match.lastindex)))
        at = match.end()
    return found


class Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text):
        self.rest = tokens(text)

    def peek(self):
        return self.rest[0][1] if self.rest else None

    def take(self, expected=None):
        kind, text = self.rest.pop(0)
        if expected not in (None, text):
            raise ValueError(f"expected {expected!r}, found {text!r}")
        return kind, text

    def whole(self):
        tree = self.choice()
        if self.rest:
            raise ValueError(f"left over: {self.rest}")
        return tree

    def choice(self):
        condition = self.binary(0)
        if self.peek() != "?":
            return condition
        self.take("?")
        yes = self.choice()
        self.take(":")
        return Call("?", (condition, yes, self.choice()))

    def binary(self, level):
        if level == len(LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            _, operator = self.take()
            left = Call(operator, (left, self.binary(level + 1)))
        return left

    def unary(self):
        if self.peek() == "-":
            self.take("-")
            inner = self.unary()
            return Number("-" + inner.text) if isinstance(inner, Number) else Call("negate", (inner,))
        return self.primary()

    def primary(self):
        kind, text = self.take()
        if kind == "number":
            return Number(text)
        if text == "(":
            inner = self.choice()
            self.take(")")
            return inner
        if kind == "name" and self.peek() == "(":
            return Call(text, self.arguments())
        if kind == "name":
            return Name(text)
        raise ValueError(f"unexpected {text!r}")

    def arguments(self):
        self.take("(")
        args = [self.choice()]
        while self.peek() == ",":
            self.take(",")
            args.append(self.choice())
        self.take(")")
        return tuple(args)


def parse(text):
    """The tree of a formula."""
    return Parser(text).whole()


def read_formulas(path):
    """[(name, formula)] of a file with a name, a tab and a formula on each line."""
    lines = path.read_text().splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
