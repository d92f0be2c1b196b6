"""The signature of a request to a bucket, against the worked examples of Amazon's documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rag.sources.s3_signature import encoded_path, encoded_query, signed_headers

# From "Examples: Signature Calculations" of the page that the module names.
WHO = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "region": "us-east-1"}
HOST = "examplebucket.s3.amazonaws.com"
WHEN = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "signature"),
    [
        ({"lifecycle": ""}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ({"prefix": "J", "max-keys": "2"}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_requests_are_signed_as_in_the_examples(asked: dict[str, str], signature: str) -> None:
    headers = signed_headers("GET", HOST, f"/?{encoded_query(asked)}", now=WHEN, **WHO)
    assert headers == {
        "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-amz-date": "20130524T000000Z",
        "Authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            f"SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature={signature}"
        ),
    }


def test_keys_and_queries_are_encoded_once_and_in_order() -> None:
    assert encoded_path("a b/ü+&~.md") == "a%20b/%C3%BC%2B%26~.md"
    assert encoded_query({"b": "x/y", "a-b": "", "a": "1 2"}) == "a=1%202&a-b=&b=x%2Fy"
