"""A large blob through the gateway against the same upload straight to Azurite."""

from __future__ import annotations

import os
from typing import Any

from bench.pairs import Pairs, in_turns, seconds
from bench.sandboxes import sandbox

MEGABYTES = 100


def measure(runs: int) -> dict[str, Pairs]:
    content = os.urandom(MEGABYTES * 10**6)
    with sandbox() as box:
        storage = box.workspace()["storage"]
        through, direct = box.blobs(storage), box.blobs(storage, direct=True)
        through.create_container("bench")

        def upload(service: Any) -> float:
            """Megabytes a second."""
            blob = service.get_blob_client("bench", "large")
            return MEGABYTES / seconds(lambda: blob.upload_blob(content, overwrite=True))

        in_turns(1, lambda: upload(through), lambda: upload(direct))  # warm
        return {"blob-upload": in_turns(runs, lambda: upload(through), lambda: upload(direct))}
