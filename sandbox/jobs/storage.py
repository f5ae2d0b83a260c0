"""Blobs for a job's runner, through Azure's own client: inputs come down, outputs go up."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.ml.locations import Location, on_disk

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.storage.blob import BlobClient, ContainerClient

APPEND_BYTES = 4 * 2**20
"""The most that one block of an append blob may hold."""
PARALLEL = 4
RETRIES, RETRY_SECONDS = 20, 1
"""A service that died is back within seconds; the client's own first pause would be 15 s."""


class NothingThereError(Exception):
    """An address under which no blob lies."""


class _Token:
    """The token that the runner was given, in the form that the client asks for."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        return AccessToken(self._token, int(time.time()) + 3600)


class Storage:
    """Reads and writes by location. Every method blocks: call it in a thread."""

    def __init__(self, token: str, proxy: str, ca_bundle: Path) -> None:
        self._token = token
        self._proxy = proxy
        self._ca_bundle = ca_bundle
        self._containers: dict[tuple[str, str], ContainerClient] = {}

    def download(self, location: Location, folder: Path) -> Path:
        """Fetch a blob, or all blobs below a path, into `folder`; answers where it lies there.

        Raises NothingThereError.
        """
        container = self._container(location)
        path = location.path.strip("/")
        names = [blob.name for blob in container.list_blobs(name_starts_with=path)]
        folder.mkdir(parents=True, exist_ok=True)
        if path in names:
            self._fetch(container, path, folder / Path(path).name)
            return folder / Path(path).name
        prefix = f"{path}/" if path else ""
        below = [name for name in names if name.startswith(prefix)]
        if not below:
            raise NothingThereError(f"nothing is stored under {location.url}")
        for name in below:
            try:
                target = on_disk(folder, name.removeprefix(prefix))
            except ValueError as error:
                raise NothingThereError(str(error)) from None
            self._fetch(container, name, target)
        return folder

    def upload(self, source: Path, location: Location) -> int:
        """Store a file under the location's path, a folder's files below it. Answers how many."""
        path = location.path.strip("/")
        if source.is_file():
            self._put(location, source, path)
            return 1
        files = [file for file in sorted(source.rglob("*")) if file.is_file()]
        for file in files:
            name = "/".join(filter(None, (path, file.relative_to(source).as_posix())))
            self._put(location, file, name)
        return len(files)

    def append(self, location: Location, data: bytes, *, anew: bool) -> None:
        """Add to an append blob; `anew` begins it."""
        blob = self._blob(location)
        if anew:
            blob.create_append_blob()
        for start in range(0, len(data), APPEND_BYTES):
            blob.append_block(data[start : start + APPEND_BYTES])

    def size(self, location: Location) -> int | None:
        """Bytes of a blob, None when it is not there."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return int(self._blob(location).get_blob_properties().size)
        except ResourceNotFoundError:
            return None

    def _put(self, location: Location, file: Path, name: str) -> None:
        with file.open("rb") as content:
            self._container(location).upload_blob(
                name, content, overwrite=True, max_concurrency=PARALLEL
            )

    def _fetch(self, container: ContainerClient, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            container.download_blob(name, max_concurrency=PARALLEL).readinto(file)

    def _blob(self, location: Location) -> BlobClient:
        return self._container(location).get_blob_client(location.path)

    def _container(self, location: Location) -> ContainerClient:
        key = (location.account, location.container)
        if key not in self._containers:
            from azure.storage.blob import ContainerClient, LinearRetry

            self._containers[key] = ContainerClient(
                f"https://{location.account}.blob.core.windows.net",
                location.container,
                credential=_Token(self._token),
                proxies={"https": self._proxy, "http": self._proxy},
                connection_verify=str(self._ca_bundle),
                use_env_settings=False,
                retry_policy=LinearRetry(
                    backoff=RETRY_SECONDS, retry_total=RETRIES, random_jitter_range=0
                ),
            )
        return self._containers[key]
