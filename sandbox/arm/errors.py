"""ARM's error: an HTTP status, a code for programs, a message for people."""

from __future__ import annotations

from typing import Any


class ArmError(Exception):
    """A refusal in ARM's format, ``{"error": {"code": …, "message": …}}``.

    `status` is the HTTP status, `target` the path in the body that is at fault.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        target: str | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = details or []
        self.headers: dict[str, str] = {}

    def error(self) -> dict[str, Any]:
        """The inner object, as operations carry it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target:
            error["target"] = self.target
        if self.details:
            error["details"] = self.details
        return error

    def body(self) -> dict[str, Any]:
        return {"error": self.error()}


def not_found(kind: str, name: str, group: str | None) -> ArmError:
    """What ARM answers for a resource that is not there."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group or ''}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def unforeseen(error: Exception) -> ArmError:
    """What a client is told of a fault of the sandbox's own; all else of it is for the log."""
    return ArmError(
        500,
        "InternalServerError",
        f"The sandbox failed at this, by a fault of its own ({type(error).__name__}). "
        "Its log says where: amlops sandbox logs azure",
    )


def conflict(message: str, code: str = "Conflict") -> ArmError:
    return ArmError(409, code, message)


def invalid(message: str, target: str | None = None, code: str = "ValidationError") -> ArmError:
    return ArmError(400, code, message, target)
