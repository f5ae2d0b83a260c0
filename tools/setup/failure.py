"""Turns what a failed command printed into one message that says what to do."""

import re
from dataclasses import dataclass


class SetUpError(Exception):
    """Set-up cannot go on; the text is for the person at the terminal."""


@dataclass(frozen=True)
class Cause:
    pattern: re.Pattern[str]
    advice: str


CAUSES = (
    Cause(
        re.compile(r"No space left on device|ENOSPC|[Dd]isk quota exceeded|os error 28\b"),
        "The disk is full. Free some space and run the same command again: it goes on from here.",
    ),
    Cause(
        re.compile(
            r"[Ff]ailed to initialize (build )?cache|could not create module cache"
            r"|module cache not found|GOCACHE is not defined|EACCES.*_cacache"
        ),
        "The cache of a tool cannot be written: there is no home folder, or it is another's. Set\n"
        "  HOME, or UV_CACHE_DIR, GOCACHE, GOMODCACHE, NPM_CONFIG_CACHE, to folders of your own.",
    ),
    Cause(
        re.compile(
            r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH"
            r"|dial tcp|no such host|i/o timeout|TLS handshake timeout"
            r"|[Cc]onnection refused|[Nn]etwork is unreachable|[Cc]onnection reset"
            r"|[Nn]ame resolution|[Nn]ame or service not known|dns error|tcp connect error"
            r"|error sending request|NewConnectionError|ConnectTimeoutError|ProxyError"
            r"|Read timed out|operation timed out|Could not connect|from versions: none"
        ),
        "The network, or the package index, cannot be reached. Connect, or point the tool at your\n"
        "  mirror or proxy (HTTPS_PROXY, PIP_INDEX_URL, UV_DEFAULT_INDEX, GOPROXY,\n"
        "  NPM_CONFIG_REGISTRY), and run the same command again: it goes on from here.",
    ),
    Cause(
        re.compile(r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|x509:|SELF_SIGNED_CERT"),
        "A certificate on the way to the package index is not trusted. Behind a company's proxy\n"
        "  name its CA file in SSL_CERT_FILE and NODE_EXTRA_CA_CERTS, and run the command again.",
    ),
    Cause(
        re.compile(r"[Hh]ash mismatch|DO NOT MATCH THE HASHES|EINTEGRITY|checksum mismatch"),
        "A download is not what the lock file says. Clear that tool's cache and run the same\n"
        "  command again; if it stays, the index or a mirror serves changed files.",
    ),
)


def diagnose(output: str) -> tuple[str, str] | None:
    """The advice for the first known cause that shows in a command's output, and the line it shows
    in; None if no cause is known."""
    for cause in CAUSES:
        found = next((line for line in output.splitlines() if cause.pattern.search(line)), None)
        if found is not None:
            return cause.advice, found.strip()
    return None
