"""`python -m infra.settings dev`: the effective settings of the stack `dev` as JSON.

With `--origins` each with where it comes from. `--schema` writes the JSON schema of stack files and
the page of all settings, and names both. What is wrong is told on standard error, a line for each
mistake, with exit code 1.
"""

from __future__ import annotations

import json
import sys

from infra.settings import SettingsError, load
from infra.settings.files import ROOT, load_with_source

USAGE = "usage: python -m infra.settings ENVIRONMENT [--origins] | --schema"


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["--schema"]:
                from infra.settings import reference, schema

                print(schema.write(ROOT), reference.write(ROOT), sep="\n")
            case [environment, "--origins"]:
                from infra.settings.effective import effective

                found = effective(*load_with_source(environment), environment)
                print(json.dumps([one.data() for one in found], indent=2))
            case [environment] if not environment.startswith("-"):
                print(load(environment).model_dump_json(indent=2))
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
