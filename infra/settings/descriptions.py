"""What the models' source says of each setting: the text below a field, and that of a section.

Read on demand: Pydantic's own way would read the source of every model in every run.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from typing import Literal, get_args, get_origin

from pydantic import BaseModel


def description(section: type[BaseModel], field: str) -> str:
    """The text below a field, on one line; empty when there is none.

    A field of a single value tells its section from others; without a text it has the section's.
    """
    for one in section.__mro__:
        if text := _texts(one.__module__).get((one.__qualname__, field)):
            return text
    kind = section.model_fields[field].annotation
    single = get_origin(kind) is Literal and len(get_args(kind)) == 1
    return section_description(section) if single else ""


def split(text: str) -> tuple[str, str]:
    """What a setting means, and what the program does without it: what follows `None:`."""
    meaning, _, without = text.partition("None: ")
    return meaning.rstrip(" ;"), without.rstrip(".")


def section_description(section: type[BaseModel]) -> str:
    return " ".join(inspect.cleandoc(section.__doc__ or "").split())


@cache
def _texts(module: str) -> dict[tuple[str, str], str]:
    if not module.startswith(__package__):
        return {}
    found = {}
    for node in ast.parse(inspect.getsource(sys.modules[module])).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                found[node.name, field.target.id] = " ".join(str(below.value.value).split())
    return found
