"""How a command says that it failed: one message, for a person, and a non-zero exit code."""

from __future__ import annotations

import tempfile
import traceback
from typing import Any

import click

SERVICES = frozenset({"azure", "msrest", "mlflow", "requests", "urllib3", "httpx"})
"""Packages whose errors say what a service answered, or that it did not answer."""

LOG_IN = "amlops login --target azure"


class Failure(click.ClickException):
    """What happened, to what, and what to do next. No traceback is shown."""


class NotProvisioned(Failure):
    """What is asked for is not there, and `amlops up` makes it."""


def explain(error: Exception) -> Failure:
    """An SDK's exception as one message, without its class and headers."""
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    inner: Any = getattr(error, "error", None)
    if getattr(inner, "message", None):
        code = f"{inner.code}: " if getattr(inner, "code", None) else ""
        message = f"{code}{inner.message}"
    if str(message).startswith("DefaultAzureCredential"):
        return Failure(f"{login_refused(str(message))}\nLog in with: {LOG_IN}")
    lines = [line.rstrip() for line in str(message).splitlines()]
    kept = [line for line in lines if line and not line.startswith(("Code:", "Message:"))]
    return Failure("\n".join(kept))


def login_refused(message: str) -> str:
    """Of all the ways to log in that azure-identity tried, the one that was refused."""
    tried = [line.strip() for line in message.splitlines() if "Credential: " in line]
    asked = [line for line in tried if "AADSTS" in line or "Authentication failed" in line]
    if not asked:
        return "Nobody is logged in to Azure."
    return f"The login to Azure failed: {asked[0].partition(' Trace ID:')[0]}"


def unforeseen(error: Exception) -> Failure:
    """A failure that no command expected: the services' own are explained, others are bugs."""
    package = type(error).__module__.partition(".")[0]
    if package in SERVICES:
        return explain(error)
    if package == "pulumi":
        from ops.stacks import failure_of

        return failure_of(error)
    if isinstance(error, OSError) and error.strerror:
        # Of a file or a disk, which the person can mend and we cannot.
        return Failure(f"{error.filename or 'This machine'}: {error.strerror}.")
    log = in_a_file("".join(traceback.format_exception(error)))
    return Failure(
        f"This is a bug in amlops: {type(error).__name__}: {error}\n"
        f"The traceback is in {log}; please report it."
    )


def in_a_file(text: str) -> str:
    """What is too long for a message, in a new file that only its owner may read; its path."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="amlops-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return file.name
