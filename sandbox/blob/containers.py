"""Containers and queues of a storage account in Azurite."""

from __future__ import annotations

from urllib.parse import quote

from sandbox.blob.rest import BLOB, QUEUE, Context, StorageError, ask, pages

_CONTAINER = {"restype": "container"}


async def create_container(azure: Context, account: str, container: str) -> None:
    """One that is there already is no error."""
    await ask(azure, "PUT", account, f"/{quote(container)}", params=_CONTAINER, fine=[409])


async def delete_container(azure: Context, account: str, container: str) -> None:
    """One that is gone already is no error."""
    await ask(azure, "DELETE", account, f"/{quote(container)}", params=_CONTAINER, fine=[404])


async def create_queue(azure: Context, account: str, queue: str) -> None:
    """One that is there already is no error."""
    await ask(azure, "PUT", account, f"/{quote(queue)}", service=QUEUE)


async def delete_queue(azure: Context, account: str, queue: str) -> None:
    """One that is gone already is no error."""
    await ask(azure, "DELETE", account, f"/{quote(queue)}", service=QUEUE, fine=[404])


async def put_message(azure: Context, account: str, queue: str, text: str, seconds: int) -> None:
    """Put a message of printable ASCII into a queue, there for so long, -1 for ever.

    It may come twice where Azurite is killed meanwhile. Raises StorageError where there is no such
    queue.
    """
    content = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
    path, ttl = f"/{quote(queue)}/messages", {"messagettl": str(seconds)}
    await ask(azure, "POST", account, path, service=QUEUE, params=ttl, content=content)


async def delete_all(azure: Context, account: str) -> None:
    """Every container and queue of the account."""
    for queue in await _names(azure, account, QUEUE, "Queue"):
        await delete_queue(azure, account, queue)
    for container in await _names(azure, account, BLOB, "Container"):
        await delete_container(azure, account, container)


async def _names(azure: Context, account: str, service: str, kind: str) -> list[str]:
    """Of what is in the account; nothing where it has gone meanwhile."""
    try:
        return [
            name.text or ""
            async for page in pages(azure, account, "/", {}, service=service)
            for name in page.iterfind(f".//{kind}/Name")
        ]
    except StorageError as error:
        if error.status == 404:
            return []
        raise
