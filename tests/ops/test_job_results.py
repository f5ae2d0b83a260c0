"""What a submitted job's log and metrics are read as, also when a service answers strangely."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mlflow.exceptions import RestException

from ops.jobs import Log, metrics
from ops.platform import Platform
from ops.target import Target


class Run:
    """`MlflowClient` of a workspace whose tracking server answers with an error."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_run(self, _name: str) -> None:
        raise RestException({"error_code": self.code, "message": "no"})


def platform_with(**clients: object) -> Platform:
    platform = Platform(Target("sandbox", "s"), "dev", {})
    platform.__dict__.update(clients)
    return platform


def test_a_job_without_a_run_has_no_metrics() -> None:
    assert metrics(platform_with(tracking=Run("RESOURCE_DOES_NOT_EXIST")), "job") == {}


def test_a_tracking_server_that_is_away_is_no_job_without_metrics() -> None:
    with pytest.raises(RestException, match="TEMPORARILY_UNAVAILABLE"):
        metrics(platform_with(tracking=Run("TEMPORARILY_UNAVAILABLE")), "job")


class Store:
    """The blob of a log, which grows by a piece between two reads."""

    def __init__(self, *pieces: bytes) -> None:
        self.left, self.written = list(pieces), b""

    def get(self, _name: str, **_options: bool) -> SimpleNamespace:
        return SimpleNamespace(protocol="https", account_name="st", endpoint="core.windows.net",
                               container_name="azureml", credentials=None)  # fmt: skip

    def download_blob(self, offset: int) -> SimpleNamespace:
        self.written += self.left.pop(0)
        return SimpleNamespace(readall=lambda: self.written[offset:])


def test_a_character_written_in_two_pieces_is_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(b"22 \xc2", b"\xb0C\n")
    monkeypatch.setattr("azure.storage.blob.BlobClient", lambda *_, **__: store)
    client = SimpleNamespace(datastores=store)
    log = Log(platform_with(client=client, credential=None), "job")
    assert [log.read(), log.read()] == ["22 ", "°C\n"]
