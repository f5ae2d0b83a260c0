"""The texts are what the tools of set-up really printed when they were cut off."""

import pytest

from tools.setup.failure import diagnose

PIP = """Retrying after connection broken by 'ProxyError('Cannot connect to proxy.', \
NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to \
establish a new connection: [Errno 111] Connection refused'))': /simple/uv/
ERROR: Could not find a version that satisfies the requirement uv==0.13.9 (from versions: none)
ERROR: No matching distribution found for uv==0.13.9"""
UV = """error: Request failed after 3 retries in 8.5s
  cause: error sending request for url (index)
  cause: client error (Connect)
  cause: tunnel error: failed to create underlying connection
  cause: Connection refused (os error 111)"""
GO = """github.com/pulumi/pulumi/pkg/v3@v3.220.0: Get "module.zip": proxyconnect tcp: dial tcp \
127.0.0.1:9: connect: connection refused"""
GO_NAMES = "dial tcp: lookup proxy on 127.0.0.53:53: no such host"
NPM = """npm error code ECONNREFUSED
npm error   syscall: 'connect',
npm error A complete log of this run can be found in: debug-0.log"""
NPM_NAMES = "npm error code EAI_AGAIN\nnpm error errno EAI_AGAIN"


@pytest.mark.parametrize("output", [PIP, UV, GO, GO_NAMES, NPM, NPM_NAMES])
def test_no_network_is_known_from_each_tool(output: str) -> None:
    advice, line = diagnose(output) or ("", "")
    assert advice.startswith("The network, or the package index, cannot be reached.")
    assert line in [each.strip() for each in output.splitlines()]


@pytest.mark.parametrize(
    "output",
    [
        "OSError: [Errno 28] No space left on device",
        "npm error code ENOSPC",
        "error: failed to write: No space left on device (os error 28)",
        "go: writing stat cache: write x: disk quota exceeded",
    ],
)
def test_full_disk_is_known_from_each_tool(output: str) -> None:
    advice, _ = diagnose(output) or ("", "")
    assert advice.startswith("The disk is full.")


@pytest.mark.parametrize(
    ("output", "begins"),
    [
        ("invalid peer certificate: UnknownIssuer", "A certificate"),
        ("tls: failed to verify certificate: x509: unknown authority", "A certificate"),
        ("npm error code EINTEGRITY", "A download is not what the lock file says."),
        ("verifying module: checksum mismatch", "A download is not what the lock file says."),
        ("error: Failed to initialize cache at `/nowhere/.cache/uv`", "The cache of a tool"),
        ("go: could not create module cache: mkdir /nowhere: permission denied", "The cache of a"),
        ("go: module cache not found: neither GOMODCACHE nor GOPATH is set", "The cache of a tool"),
    ],
)
def test_other_causes(output: str, begins: str) -> None:
    advice, _ = diagnose(output) or ("", "")
    assert advice.startswith(begins)


def test_an_ordinary_error_has_no_cause() -> None:
    assert diagnose("main.go:3:1: syntax error: unexpected name") is None
