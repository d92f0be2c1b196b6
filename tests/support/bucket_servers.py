"""A server of buckets on this machine: moto, in an environment of its own, which checks signatures as Amazon does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from rag.sources.s3_signature import encoded_path, signed_headers
from tests.support.ports import free_port, wait_until_taken

# Its packages are older than ours; `make moto` installs it.
MOTO = Path(sys.prefix) / "moto" / "bin" / "python"
needs_moto = pytest.mark.skipif(not MOTO.exists(), reason="moto is missing: make moto")
_NAMESPACE = "{https://iam.amazonaws.com/doc/2010-05-08/}"
_POLICY = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'


@dataclass
class BucketServer:
    """A server, and the keys of the one account that may ask it anything."""

    port: int
    key: str = ""
    secret: str = ""
    held: dict[str, dict[str, bytes]] = field(default_factory=dict)  # what was put into each bucket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(self, bucket: str, *, is_public: bool = False) -> None:
        """A new bucket; everybody may read a public one."""
        self.ask("PUT", f"/{bucket}", headers={"x-amz-acl": "public-read"} if is_public else {})
        self.held[bucket] = {}

    def put(self, bucket: str, key: str, data: bytes, **headers: str) -> None:
        """Let a bucket hold an object."""
        self.ask("PUT", f"/{bucket}/{encoded_path(key)}", data, headers=headers)
        self.held[bucket][key] = data

    def fill(self, bucket: str, holding: Mapping[str, bytes]) -> None:
        """Let a bucket hold exactly these objects. One that is what it was is not touched."""
        for key in self.held[bucket].keys() - holding.keys():
            self.ask("DELETE", f"/{bucket}/{encoded_path(key)}")
            del self.held[bucket][key]
        for key, data in holding.items():
            if self.held[bucket].get(key) != data:
                self.put(bucket, key, data)

    def ask(self, method: str, target: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None) -> bytes:
        """What it answers to whoever has the keys; an error fails the test."""
        who = {"key": self.key or "x", "secret": self.secret or "x", "region": "us-east-1"}
        signed = signed_headers(method, f"127.0.0.1:{self.port}", target, now=datetime.now(UTC), **who)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, target, body, {**signed, **(headers or {})})
        reply = connection.getresponse()
        found = reply.read()
        connection.close()
        assert reply.status < 300, found
        return found

    def manage(self, **asked: str) -> ElementTree.Element:
        """What the part of it says that manages accounts."""
        form = urlencode({"Version": "2010-05-08", **asked}).encode()
        scope = "Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x"
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"AWS4-HMAC-SHA256 {scope}"}
        return ElementTree.fromstring(self.ask("POST", "/", form, headers=kind))  # noqa: S314 - it is our own server


@contextmanager
def buckets_serving(folder: Path) -> Iterator[BucketServer]:
    """A server without buckets that lets only its account, and everybody with public ones, have what is in them."""
    server = BucketServer(free_port())
    log = folder / "moto.log"
    command = [str(MOTO), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(server.port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as process:
        try:
            wait_until_taken(server.port, process, log, seconds=200)
            server.manage(Action="CreateUser", UserName="ida")
            server.manage(Action="PutUserPolicy", UserName="ida", PolicyName="all", PolicyDocument=_POLICY)
            made = server.manage(Action="CreateAccessKey", UserName="ida")
            server.key, server.secret = (
                next(made.iter(f"{_NAMESPACE}{name}")).text or "" for name in ("AccessKeyId", "SecretAccessKey")
            )
            server.ask("POST", "/moto-api/reset-auth", b"0")  # from now on signatures are checked
            yield server
        finally:
            process.terminate()
