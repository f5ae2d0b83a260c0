"""The tables beside the documents: names, properties that cannot change, patches."""

import re
from pathlib import Path

import pytest
import yaml

from sandbox import schemas
from sandbox.schemas import documents
from tests.sandbox.schemas.bodies import Bodies, document

ML = "Microsoft.MachineLearningServices"

GOOD = {
    "Microsoft.Resources/resourceGroups": ["rg-amlops-dev", "a", "a.b(c)_d", "x" * 90],
    "Microsoft.Storage/storageAccounts": ["abc", "stamlopsdev123"],
    "Microsoft.Storage/storageAccounts/blobServices/containers": ["azureml", "a-b-c", "$root"],
    "Microsoft.KeyVault/vaults": ["kv-amlops-dev", "abc"],
    "Microsoft.ContainerRegistry/registries": ["cramlops", "A2345"],
    "Microsoft.OperationalInsights/workspaces": ["log-amlops-dev"],
    "Microsoft.Insights/components": ["appi amlops (dev)"],
    "Microsoft.Authorization/roleAssignments": ["0f4f1a52-9d1c-4f0d-8b25-5c3a3b2e1d00"],
    f"{ML}/workspaces": ["mlw-amlops-dev", "abc", "a" * 33],
    f"{ML}/workspaces/computes": ["cpu-cluster", "ci"],
    f"{ML}/workspaces/onlineEndpoints": ["bike-rentals", "abc"],
    f"{ML}/workspaces/models/versions": ["1", "2026.01.31"],
    f"{ML}/workspaces/jobs": ["willing_sprout_5hgvy01mvz"],
}
BAD = {
    "Microsoft.Resources/resourceGroups": ["rg.", "a/b", "x" * 91, ""],
    "Microsoft.Storage/storageAccounts": ["ab", "Abc", "a-b-c", "a" * 25, "abc\n"],
    "Microsoft.Storage/storageAccounts/blobServices/containers": ["a--b", "-ab", "Abc", "ab"],
    "Microsoft.KeyVault/vaults": ["1kv", "kv--a", "kv-", "ab", "a" * 25],
    "Microsoft.ContainerRegistry/registries": ["cr-amlops", "abcd", "a" * 51],
    "Microsoft.OperationalInsights/workspaces": ["abc", "-abcd", "a_bcd"],
    "Microsoft.Insights/components": ["a?", "a.", "a/b"],
    "Microsoft.Authorization/roleAssignments": ["reader"],
    f"{ML}/workspaces": ["ab", "-abc", "a" * 34, "a.b.c"],
    f"{ML}/workspaces/computes": ["1cpu", "cpu_cluster", "a" * 33],
    f"{ML}/workspaces/onlineEndpoints": ["ab", "a" * 33, "a_b", "ab-"],
    f"{ML}/workspaces/models/versions": ["..", "../1", "a/b", ""],
    f"{ML}/workspaces/jobs": ["../x", "a b", ""],
}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(type_name, name) for type_name, names in table.items() for name in names]


def pattern(type_name: str) -> str:
    found = schemas.names(type_name)
    assert found is not None
    return found


@pytest.mark.parametrize(("type_name", "name"), pairs(GOOD))
def test_names_that_azure_takes(type_name: str, name: str) -> None:
    assert re.search(pattern(type_name), name)


@pytest.mark.parametrize(("type_name", "name"), pairs(BAD))
def test_names_that_azure_refuses(type_name: str, name: str) -> None:
    assert not re.search(pattern(type_name), name)


def test_a_name_rule_says_in_words_what_the_pattern_means() -> None:
    rule = schemas.name_rule("microsoft.storage/storageaccounts")
    assert rule == schemas.NameRule(r"^[a-z0-9]{3,24}\Z", "3 to 24 lower-case letters and digits")
    assert schemas.name_rule("Microsoft.Nothing/things") is None


def test_every_name_rule_is_for_a_known_type_and_matches_to_the_end() -> None:
    rows = yaml.safe_load((documents.HERE / "names.yaml").read_text())
    assert rows.keys() <= set(schemas.known())
    for type_name in rows:
        rule = schemas.name_rule(type_name)
        assert rule is not None
        assert rule.says
        assert re.compile(rule.pattern)
        assert rule.pattern.endswith(r"\Z"), "'$' would let a line feed through"


def test_what_cannot_be_changed() -> None:
    assert "properties.keyVault" in schemas.create_only(f"{ML}/workspaces")
    assert "properties.properties.vmSize" in schemas.create_only(f"{ML}/workspaces/computes")
    assert schemas.create_only("Microsoft.Resources/resourceGroups") == ()


@pytest.mark.parametrize("type_name", schemas.known())
def test_create_only_paths_are_in_the_model(type_name: str) -> None:
    schema = document(type_name)
    paths = {mutation.path for mutation in Bodies(schema).mutations(schema)}
    assert set(schemas.create_only(type_name)) <= paths


def patch_files() -> list[Path]:
    tables = {"names.yaml", "versions.yaml"}
    return sorted(path for path in documents.HERE.rglob("*.yaml") if path.name not in tables)


@pytest.mark.parametrize("path", patch_files(), ids=lambda path: path.stem)
def test_a_patch_belongs_to_a_document_and_patches_what_is_there(path: Path) -> None:
    assert path.with_suffix(".json").exists()
    patch = yaml.safe_load(path.read_text())
    assert patch.keys() <= {"create_only", "merge"}
    generated = yaml.safe_load(path.with_suffix(".json").read_text())
    definitions = patch.get("merge", {}).get("$defs", {})
    assert definitions.keys() <= generated["$defs"].keys()
