"""The signature of a request to a bucket: AWS Signature Version 4, of requests without a body.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

The key itself is never sent: it signs what is asked, of which host, and when.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

# The SHA-256 of nothing: requests that only ask have no body.
_NO_BODY = hashlib.sha256().hexdigest()
_SIGNED = "host;x-amz-content-sha256;x-amz-date"
_KEPT = "-_.~"


def encoded_path(path: str) -> str:
    """A path as it is asked for and signed: each byte of its UTF-8 but for letters, digits, "-_.~" and "/" as %XX."""
    return quote(path, safe=f"/{_KEPT}", errors="surrogateescape")


def encoded_query(parameters: Mapping[str, str]) -> str:
    """A query as it is asked for and signed, in the order that the signature wants."""
    pairs = ((quote(name, safe=_KEPT), quote(value, safe=_KEPT)) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def signed_headers(
    method: str, host: str, target: str, *, key: str, secret: str, region: str, now: datetime
) -> dict[str, str]:
    """The headers that say who asks, besides Host, which must be `host`.

    `target` is path and query as `encoded_path` and `encoded_query` give them; `now` is in UTC.
    """
    path, _, query = target.partition("?")
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    request = "\n".join(
        (
            *(method, path, query),
            *(f"host:{host}", f"x-amz-content-sha256:{_NO_BODY}", f"x-amz-date:{moment}", ""),
            *(_SIGNED, _NO_BODY),
        )
    )
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    told = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    word = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), told):
        word = hmac.digest(word, part.encode(), "sha256")
    return {
        "x-amz-content-sha256": _NO_BODY,
        "x-amz-date": moment,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope},SignedHeaders={_SIGNED},Signature={word.hex()}",
    }
