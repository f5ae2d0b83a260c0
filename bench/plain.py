"""Anchors over plain HTTP: `python -m bench.plain PORT [DIRECTORY]`.

With a sandbox's directory the applications of the sandbox, out of its database but without its
gateway; without one an application that answers 204 to everything.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn


async def empty(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def main(port: int, directory: str | None = None) -> None:
    served: Any = empty
    if directory:
        from sandbox.application import application
        from sandbox.azure import Azure
        from sandbox.directory import Directory

        served = application(Azure(Directory(directory)))
    uvicorn.run(
        served,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=600,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
