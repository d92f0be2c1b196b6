"""No key, password or token lies in the repository."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.places import ROOT

KINDS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+\S{20}",
    "key of a cloud": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}\b",
    "token of a forge": r"\bgh[pousr]_\w{36}\b|\bgithub_pat_\w{60}|\bglpat-[\w-]{20}\b",
    "token of a chat": r"\bxox[abeprs]-[\w-]{20}",
    "key of a model's host": r"\bsk-[A-Za-z0-9_-]{32}|\bhf_[A-Za-z]{34}\b",
    "key of a package index": r"\bpypi-AgEI[\w-]{50}|\bnpm_\w{36}\b",
    "key of age": r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b",
    "web token": r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}",
    "address with a password": r"\b[a-z][a-z0-9+]+://[^\s/:@\"'<>{}]+:(?!\*)[^\s/:@\"'<>{}$]{3,}@[\w-]",
}
NAMED = re.compile(r"(?i)(?:passw(?:or)?d|secret|token|api_?key)\w*[\"']?\s*[:=]\s*[\"']([\w+/=.-]{20,})[\"']")
RANDOM_BITS = 4.0  # for each character: of words it is below, of twenty random letters and digits above
# (file, kind): why it is none. Each must be found.
NO_SECRETS = {
    ("tests/data/tls/pinned.example.pem", "private key"): "of a certificate made for a test, which nobody trusts",
    ("tests/rag/client/test_clients.py", "address with a password"): "an address that is refused",
    ("tests/rag/ingest/sources/test_web_pages.py", "address with a password"): "addresses that are refused",
    ("tests/rag/ingest/sources/test_web_urls.py", "address with a password"): "likewise",
    ("tests/rag/store/postgres/test_table_formats.py", "address with a password"): "an address where nobody listens",
    ("tests/rag/sources/test_s3_signature.py", "key of a cloud"): "the one of the maker's own published examples",
    ("tests/rag/sources/test_s3_signature.py", "random text called a secret"): "likewise",
    ("docs/sources.md", "key of a cloud"): "likewise",
    ("web/api/request_examples.py", "random text called a secret"): "a token that no key has signed",
    ("docs/rest.md", "random text called a secret"): "the same, in the page that is made of it",
}


def secrets_in(text: str) -> Iterator[str]:
    """The kinds of secrets that stand in `text`."""
    yield from (kind for kind, pattern in KINDS.items() if re.search(pattern, text))
    if any(bits_of(value) > RANDOM_BITS for value in NAMED.findall(text)):
        yield "random text called a secret"


def bits_of(text: str) -> float:
    """The entropy of a character of `text`, from how often each occurs in it."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("-----BEGIN EC PRIVATE " + "KEY-----\n" + "MHcCAQEEIGmZ3mQ0x1yq", ["private key"], id="PEM"),
        pytest.param("-----BEGIN PRIVATE " + "KEY-----\n...", [], id="PEM that is left out"),
        pytest.param("key = AKIA" + "IOSFODNN7EXAMPLE", ["key of a cloud"], id="cloud"),
        pytest.param("ghp_" + "a1B2" * 9, ["token of a forge"], id="forge"),
        pytest.param("AGE-SECRET-" + "KEY-1" + "Q9" * 29, ["key of age"], id="age"),
        pytest.param("ldap://admin:" + "hunter22@ldap.example", ["address with a password"], id="address"),
        pytest.param("ldap://ldap.example:636/dc=example@x", [], id="address with a port"),
        pytest.param('api_key="q8Zr' + '4Tn0Xw7LbV2mKc9YdHs"', ["random text called a secret"], id="named"),
        pytest.param('secret_name = "the-name-of-the-secret-file"', [], id="words"),
    ],
)
def test_what_is_a_secret(text: str, kinds: list[str]) -> None:
    assert list(secrets_in(text)) == kinds


def test_none_is_in_the_repository() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no checkout of the repository here, so nothing says which files are its own")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = set()
    for name in filter(None, listed.split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in data[:8_000]:
            found |= {(name, kind) for kind in secrets_in(data.decode(errors="replace"))}
    assert found == NO_SECRETS.keys(), "take it out of the repository, or say in NO_SECRETS why it is none"
