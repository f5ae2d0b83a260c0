"""`docs/policies.md` lists the rules as they are, and what mends a finding names what there is.

A name in backticks is a setting of the stack file (a path, or the last part of several), a value of
`parameters.yaml`, or a command.
"""

from __future__ import annotations

import re

import pytest

from policies.catalogue import Rule, rules
from policies.documentation import PAGE, page
from policies.exemptions import Exemption
from policies.parameters import options

SETTINGS = PAGE.with_name("settings.md")


def test_the_table_of_rules_is_current() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run: python -m policies.documentation"


def test_every_rule_is_in_it() -> None:
    text = PAGE.read_text()
    assert all(f"| `{id_}` |" in text for id_ in rules())


def test_it_says_how_long_a_reason_is() -> None:
    (bound,) = Exemption.model_fields["reason"].metadata
    assert f"a reason of at least {bound.min_length} characters" in PAGE.read_text()


def settings() -> set[str]:
    """Paths in the stack file, with NAME for what a team names."""
    found = set()
    for heading, *rows in map(str.splitlines, SETTINGS.read_text().split("\n## ")[1:]):
        section = "" if heading.startswith("At the top") else f"{heading.partition(' of ')[0]}."
        found |= {section + match[1] for row in rows if (match := re.match(r"\| `(\w+)`", row))}
    return found


KNOWN = settings()
LAST_PARTS = {path.rpartition(".")[2] for path in KNOWN}


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_what_mends_it_exists(rule: Rule) -> None:
    for named in re.findall(r"`([^`]+)`", rule.metadata.mend):
        if "." in named:
            assert named in KNOWN
        else:
            assert named in LAST_PARTS | set(options()) or named.startswith(("amlops ", "*/"))


def test_settings_were_found() -> None:
    assert {"budget.monthly", "clusters.NAME.min", "datastores.NAME.auth", "tags"} <= KNOWN


@pytest.mark.parametrize(
    ("rule", "setting"),
    [
        ("compute-local-accounts-off", "clusters.NAME.ssh"),
        ("compute-local-accounts-off", "instances.NAME.ssh"),
        ("instance-personal", "instances.NAME.applications"),
        ("endpoint-user-assigned-identity", "endpoints.NAME.identity"),
        ("storage-share-soft-delete", "storage.soft_delete_days"),
    ],
)
def test_who_wrote_a_setting_is_told_which(rule: str, setting: str) -> None:
    assert f"`{setting}`" in rules()[rule].metadata.mend
