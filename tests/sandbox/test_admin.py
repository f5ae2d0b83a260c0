"""The sandbox's own host: its clock and faults are its owner's."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.identity import Identity
from sandbox.login.tokens import ARM, MACHINE_LEARNING, mint


@pytest.mark.parametrize(
    ("audience", "owner", "status"),
    [(None, True, 401), (MACHINE_LEARNING, True, 401), (ARM, False, 403), (ARM, True, 200)],
    ids=["nobody", "a job by its run token", "another principal", "the owner"],
)
def test_only_the_owner_moves_the_clock(
    sandbox: Any, audience: str | None, owner: bool, status: int
) -> None:
    identity = Identity.open(sandbox.directory)
    principal = identity.principal_id if owner else str(uuid.uuid4())
    headers = {}
    if audience:
        clock = Clock(sandbox.directory.clock)
        token = mint(identity, clock, audience=audience, principal_id=principal, client_id="c")
        headers["authorization"] = f"Bearer {token}"
    with sandbox.http() as client:
        answer = client.post(
            "https://sandbox.internal/clock", json={"advance_seconds": 0}, headers=headers
        )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", b"{"),
        ("/clock", b"[]"),
        ("/clock", b'{"advance_seconds": -1}'),
        ("/clock", b'{"advance_seconds": 1e300}'),
        ("/faults", b"{"),
        ("/faults", b'{"kind": "earthquake"}'),
        ("/faults", b'{"kind": "error", "match": "("}'),
        ("/faults", b'{"kind": "error", "colour": "red"}'),
    ],
)
def test_what_cannot_be_meant_is_refused(sandbox: Any, path: str, body: bytes) -> None:
    headers = {"authorization": f"Bearer {sandbox.token()}"}
    with sandbox.http() as client:
        address = f"https://sandbox.internal{path}"
        answer = client.post(address, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
