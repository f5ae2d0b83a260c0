"""What an SDK or the machine says, as the one message that a person gets."""

from __future__ import annotations

import errno

import pytest
from azure.core.exceptions import ClientAuthenticationError

from ops.failure import explain, unforeseen

TRIED = """\
DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: {environment}
\tAzureCliCredential: Azure CLI not found on path
To mitigate this issue, please refer to the troubleshooting guidelines here."""
UNSET = "EnvironmentCredential authentication unavailable. Environment variables are not set."
REFUSED = "Authentication failed: AADSTS7000215: Invalid client secret. Trace ID: 1"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (UNSET, "Nobody is logged in to Azure."),
        (REFUSED, "The login to Azure failed: EnvironmentCredential: Authentication failed: "
                  "AADSTS7000215: Invalid client secret."),
    ],
)  # fmt: skip
def test_a_login_that_failed_is_the_one_that_was_asked(environment: str, expected: str) -> None:
    error = ClientAuthenticationError(message=TRIED.format(environment=environment))
    assert explain(error).message.splitlines() == [
        expected,
        "Log in with: amlops login --target azure",
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/a.yml"),
         "/x/a.yml: Permission denied."),
        (OSError(errno.ENOSPC, "No space left on device"),
         "This machine: No space left on device."),
    ],
)  # fmt: skip
def test_a_file_or_a_disk_is_no_bug(error: OSError, expected: str) -> None:
    assert unforeseen(error).message == expected
