"""`python -m pipelines.comment TITLE FILE`: put a report under the pull request.

One comment a title: the next run replaces what the one before has written. Where no pull request is
built the report is only printed. Both services' REST APIs are spoken to with the run's own token:
GitHub's needs `pull-requests: write`, that of Azure DevOps "Contribute to pull requests".
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from pipelines.service import AZURE_DEVOPS, GITHUB, service, stop

LONGEST = 60_000
"""Characters; GitHub takes 65,536."""

EMPTY = "It failed before it had a result: see the run's log."


class PullRequest(Protocol):
    """A pull request's comments, as one of the services has them."""

    def comments(self) -> Iterator[tuple[str, str]]:
        """Where each is, and its text."""

    def create(self, text: str) -> None: ...

    def replace(self, where: str, text: str) -> None: ...


class GitHub:
    """The issue's comments: a pull request is an issue there."""

    def __init__(self, client: httpx.Client, environ: Mapping[str, str], number: str) -> None:
        self.client = client
        self.repository = f"{environ['GITHUB_API_URL']}/repos/{environ['GITHUB_REPOSITORY']}"
        self.issue = f"{self.repository}/issues/{number}/comments"

    def comments(self) -> Iterator[tuple[str, str]]:
        address: str | None = f"{self.issue}?per_page=100"
        while address:
            answer = self.client.get(address).raise_for_status()
            for comment in answer.json():
                where = f"{self.repository}/issues/comments/{comment['id']}"
                yield where, comment.get("body") or ""
            address = answer.links.get("next", {}).get("url")

    def create(self, text: str) -> None:
        self.client.post(self.issue, json={"body": text}).raise_for_status()

    def replace(self, where: str, text: str) -> None:
        self.client.patch(where, json={"body": text}).raise_for_status()


class AzureDevOps:
    """The first comments of the pull request's threads."""

    def __init__(self, client: httpx.Client, environ: Mapping[str, str], number: str) -> None:
        self.client = client
        project = quote(environ["SYSTEM_TEAMPROJECT"])
        repository = f"_apis/git/repositories/{environ['BUILD_REPOSITORY_ID']}"
        collection = environ["SYSTEM_COLLECTIONURI"].rstrip("/")
        self.threads = f"{collection}/{project}/{repository}/pullRequests/{number}/threads"
        self.client.params = httpx.QueryParams({"api-version": "7.1"})

    def comments(self) -> Iterator[tuple[str, str]]:
        answer = self.client.get(self.threads).raise_for_status()
        for thread in answer.json()["value"]:
            for comment in (thread.get("comments") or [])[:1]:
                where = f"{self.threads}/{thread['id']}/comments/{comment['id']}"
                yield where, comment.get("content") or ""

    def create(self, text: str) -> None:
        comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
        # Closed: it reports, and waits for no answer.
        thread = {"comments": [comment], "status": "closed"}
        self.client.post(self.threads, json=thread).raise_for_status()

    def replace(self, where: str, text: str) -> None:
        self.client.patch(where, json={"content": text}).raise_for_status()


def pull_request(client: httpx.Client, environ: Mapping[str, str]) -> PullRequest | None:
    """The one that this run builds; None where it builds none."""
    where = service(environ)
    if where == GITHUB:
        found = re.fullmatch(r"refs/pull/(\d+)/merge", environ.get("GITHUB_REF", ""))
        client.headers["authorization"] = f"Bearer {environ.get('GITHUB_TOKEN', '')}"
        return GitHub(client, environ, found[1]) if found else None
    if where == AZURE_DEVOPS:
        number = environ.get("SYSTEM_PULLREQUEST_PULLREQUESTID")
        client.headers["authorization"] = f"Bearer {environ.get('SYSTEM_ACCESSTOKEN', '')}"
        return AzureDevOps(client, environ, number) if number else None
    return None


def report(pulled: PullRequest, title: str, text: str) -> None:
    """Write it, in the place of what stands there under the same title."""
    marker = f"<!-- amlops: {title} -->"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n\n… cut: the whole of it is in the run's log."
    body = f"{marker}\n{text}"
    for where, written in pulled.comments():
        if written.startswith(marker):
            pulled.replace(where, body)
            return
    pulled.create(body)


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:
        stop("it is called with a title and the file of a report.")
    title, file = arguments
    if not Path(file).is_file():
        stop(f"there is no report '{file}': the step that writes it has not come so far.")
    text = Path(file).read_text().strip() or EMPTY
    print(text)
    with httpx.Client(timeout=60) as client:
        pulled = pull_request(client, os.environ)
        if pulled is None:
            return
        try:
            report(pulled, title, text)
        except httpx.HTTPError as error:
            stop(f"the report could not be put under the pull request: {_said(error)}")


def _said(error: httpx.HTTPError) -> Any:
    answer = getattr(error, "response", None)
    return f"{error} {answer.text[:500]}" if answer is not None else error


if __name__ == "__main__":
    main(sys.argv[1:])
