"""`python -m tools.schemas`: write sandbox/schemas anew; `--check`: only say what would change."""

import argparse
import importlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.schemas.document import document

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[1] / "sandbox" / "schemas"


def documents() -> dict[Path, str]:
    """The text of every document that `types.yaml` asks for, by its path in sandbox/schemas."""
    table: list[dict[str, Any]] = yaml.safe_load((HERE / "types.yaml").read_text())
    written: dict[Path, str] = {}
    for package in table:
        models = importlib.import_module(package["models"])
        distribution = package["distribution"]
        release = f"{distribution} {importlib.metadata.version(distribution)}"
        for title, entry in package["types"].items():
            row: dict[str, Any] = {"request": entry} if isinstance(entry, str) else entry
            request = getattr(models, row["request"])
            schema = document(
                title,
                source=f"{release}, {package['models']}.{row['request']}",
                request=request,
                response=getattr(models, row.get("response", row["request"])),
                actions={
                    action: getattr(models, name) for action, name in row.get("actions", {}).items()
                },
            )
            written[Path(f"{title}.json")] = json.dumps(schema, indent=1) + "\n"
    return written


def changes(wanted: dict[Path, str], directory: Path) -> list[str]:
    """What differs between the documents wanted and those in the directory, a line each."""
    present = {path.relative_to(directory) for path in directory.rglob("*.json")}
    lines = [f"new: {path}" for path in wanted.keys() - present]
    lines += [f"no longer wanted: {path}" for path in present - wanted.keys()]
    lines += [
        f"changed: {path}"
        for path in wanted.keys() & present
        if (directory / path).read_text() != wanted[path]
    ]
    return sorted(lines)


def main(arguments: list[str] | None = None, directory: Path = SCHEMAS) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args(arguments).check
    wanted = documents()
    differences = changes(wanted, directory)
    print("\n".join(differences) or f"{len(wanted)} schemas are up to date")
    if check:
        return 1 if differences else 0
    for path in directory.rglob("*.json"):
        if path.relative_to(directory) not in wanted:
            path.unlink()
    for path, text in wanted.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
