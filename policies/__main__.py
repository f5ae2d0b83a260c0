"""Run by Pulumi: `pulumi preview --policy-pack policies`. Serves the rules until Pulumi ends it."""

import os
import sys
from pathlib import Path

# Pulumi runs this folder as a program; its modules are the package `policies` of the folder above.
sys.path.insert(0, str(Path(__file__).parent.parent))

from policies.analyzer import Analyzer, serve
from policies.parameters import PolicyError

try:
    analyzer = Analyzer(os.environ.get("PULUMI_STACK", ""))
except PolicyError as error:
    sys.exit(f"error: {error}")  # as the engine writes errors
serve(analyzer)
