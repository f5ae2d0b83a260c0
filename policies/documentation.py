"""The rules as a table: `python -m policies.documentation` writes it into `docs/policies.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from policies.catalogue import Metadata, Rule, rules
from policies.parameters import DEFAULT, FOLDER

PAGE = FOLDER.parent / "docs" / "policies.md"
HEADING = "## All rules"
INTRODUCTION = "Out of `policies/rules/`, by `python -m policies.documentation`."


def table() -> str:
    """The section with all rules, by file."""
    parts = [f"{HEADING}\n\n{INTRODUCTION}\n"]
    for service, group in groupby(rules().values(), key=lambda rule: rule.service):
        rows = "\n".join(_row(rule) for rule in group)
        head = "| rule | level | what must hold | elsewhere |\n| --- | --- | --- | --- |"
        parts.append(f"### {service.capitalize()}\n\n{head}\n{rows}\n")
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    metadata = rule.metadata
    cells = (f"`{rule.id}`", _level(metadata), metadata.what, ", ".join(_elsewhere(metadata)))
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def _level(metadata: Metadata) -> str:
    others = [f"{key}: {level}" for key, level in metadata.level.items() if key != DEFAULT]
    return "; ".join([metadata.level[DEFAULT], *others])


def _elsewhere(metadata: Metadata) -> Iterator[str]:
    elsewhere = metadata.elsewhere
    yield from elsewhere.psrule
    yield from elsewhere.checkov
    yield from elsewhere.trivy
    yield from (f"Azure Policy {id_[:8]}" for id_ in elsewhere.azure_policy)


def page(text: str) -> str:
    """The page with its last section as it should be."""
    return f"{text.partition(HEADING)[0]}{table()}"


def main() -> int:
    PAGE.write_text(page(PAGE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
