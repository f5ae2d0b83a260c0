"""`amlops … --output json | python -m pipelines.outputs NAME=KEY…`: hand values to later stages.

Prints the JSON as it came, for the log, and sets each NAME to what stands under KEY (`a.b` is below
`a`) as an output of this step.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.service import AZURE_DEVOPS, GITHUB, service, stop

PLAIN = re.compile(r"[\w.:/@-]+", re.ASCII)
"""What names and versions consist of. Azure Pipelines writes values into a script's text."""


def chosen(data: Any, wanted: list[str]) -> dict[str, str]:
    """The values by their names. Raises KeyError where there is none, ValueError for what is no
    plain word: a line break would begin another command or output, a quote end a script's.
    """
    found = {}
    for item in wanted:
        name, _, path = item.partition("=")
        value = data
        for key in path.split("."):
            value = value[key]
        text = str(value)
        if isinstance(value, dict | list) or not PLAIN.fullmatch(text):
            raise ValueError(f"'{path}' is no plain word: {value!r}")
        found[name] = text
    return found


def publish(values: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """As the service wants it; on a person's machine it is only shown."""
    where = service(environ)
    for name, value in values.items():
        if where == GITHUB:
            with Path(environ["GITHUB_OUTPUT"]).open("a") as file:
                file.write(f"{name}={value}\n")
        elif where == AZURE_DEVOPS:
            print(f"##vso[task.setvariable variable={name};isOutput=true]{value}")
        print(f"{name}: {value}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    text = sys.stdin.read()
    sys.stdout.write(text)
    try:
        publish(chosen(json.loads(text), arguments), os.environ)
    except json.JSONDecodeError:
        stop("there is no JSON on standard input; did the command before fail?")
    except (KeyError, TypeError) as error:
        stop(f"there is no {error} in the JSON above.")
    except ValueError as error:
        stop(f"{error}")


if __name__ == "__main__":
    main(sys.argv[1:])
