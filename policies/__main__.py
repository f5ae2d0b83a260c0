"""Run by Pulumi: `pulumi preview --policy-pack policies`. Serves the rules until Pulumi ends it."""

import sys
from pathlib import Path

# Pulumi runs this folder as a program; its modules are the package `policies` of the folder above.
sys.path.insert(0, str(Path(__file__).parent.parent))

from pulumi_policy import PolicyPack

from policies.pack import NAME, policies

PolicyPack(name=NAME, policies=policies())
