"""`python -m infra.settings dev`: the effective settings of the stack `dev` as JSON.

What is wrong with them is one line on standard error and exit code 1.
"""

from __future__ import annotations

import sys

from infra.settings import SettingsError, load


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m infra.settings ENVIRONMENT", file=sys.stderr)
        return 2
    try:
        print(load(arguments[0]).model_dump_json(indent=2))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
