"""`amlops bootstrap`."""

from __future__ import annotations

import click

from ops import options, screen
from ops.target import enter

HOW = """\
Set both wherever `amlops` runs, in pipelines too; neither is a secret:

    export PULUMI_BACKEND_URL='{backend}'
    export PULUMI_SECRETS_PROVIDER='{secrets_provider}'

{amlops}

A stack that is elsewhere moves so. With the old PULUMI_BACKEND_URL:

    pulumi stack export -s ENV --file ENV.json

With the new one, and with the old passphrase or login still set:

    pulumi stack init ENV --secrets-provider '{secrets_provider}'
    pulumi stack import -s ENV --file ENV.json
    pulumi stack change-secrets-provider -s ENV '{secrets_provider}'

Pulumi has then rewritten the stack file: the key in it, its comments lost. `amlops` takes the key
from the variable: put the committed file back, unless it named a `secretsprovider` of its own:

    git checkout stacks/Pulumi.ENV.yaml

Others of the team need 'Storage Blob Data Contributor' on {account} and 'Key Vault Crypto User' on
{vault}."""

AMLOPS = {
    "azure": "`amlops` goes by both, and leaves the stack files as they are.",
    "sandbox": """\
`amlops` keeps to the sandbox's own backend here. Plain Pulumi takes this one:

    amlops sandbox run -- env PULUMI_BACKEND_URL='{backend}' pulumi stack ls""",
}


@click.command()
@click.option("--location", default="eastus", show_default=True, help="The region of the state.")
@click.option(
    "--resource-group",
    "group",
    default="rg-pulumi-state",
    show_default=True,
    help="Where the state's account and vault are; made when it is not there.",
)
@click.option(
    "--redundancy",
    type=click.Choice(["ZRS", "GRS", "GZRS", "LRS"]),
    default="ZRS",
    show_default=True,
    help="How the state is replicated; not every region has each.",
)
@options.target
@options.output
def bootstrap(location: str, group: str, redundancy: str, target: str, output: str) -> None:
    """Make the backend that a team shares: an account for Pulumi's state, a key for its secrets.

    May run again: what is there already stays.
    """
    from ops import identity
    from ops.arm import Arm
    from ops.bootstrap import Backend
    from ops.bootstrap import bootstrap as make

    screen.header(target, None, "bootstrap")
    arm = Arm(enter(target).subscription)
    backend = Backend(arm.subscription, group, location)
    make(arm, identity.principal(arm), backend, redundancy)
    shown = HOW.replace("{amlops}", AMLOPS[target]).format(**backend.data())
    screen.result(backend.data(), output, shown)
