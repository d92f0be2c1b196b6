"""A bucket as a source: moto, which checks signatures with Amazon's own code; and servers that lie, written here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from rag.app import Citewell
from rag.errors import FetchFailed, InvalidSetting
from rag.ingest.sources.web.urls import parse_url
from rag.settings import Settings
from rag.sources import FILE_NAME
from rag.sources.pace import Pace
from rag.sources.s3_source import S3Source, bucket_host
from rag.sources.source_file import parse_source_file
from tests.support.bucket_servers import BucketServer, buckets_serving, needs_moto
from tests.support.sites import Site, serving
from tests.support.source_scenes import (
    Holding,
    counts,
    first_holding,
    follow_a_change,
    stored,
    sync,
    write_source_file,
)

GOOD = b"# Good\n\nIt opens at one.\n"
LIST = "/rules?encoding-type=url&list-type=2&max-keys=1000&prefix="


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    with buckets_serving(tmp_path_factory.mktemp("moto")) as found:
        yield found


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


@pytest.fixture
def word(server: BucketServer, tmp_path: Path) -> Path:
    """The file with the secret key."""
    path = tmp_path / "word"
    path.write_text(f"{server.secret}\n")
    return path


def table_of(server: BucketServer, bucket: str, word: Path, /, **more: object) -> dict[str, object]:
    kept = {"kind": "s3", "url": server.url, "bucket": bucket, "user": server.key, "password_file": word}
    return kept | {"requests_per_second": 10_000} | more


# -- a bucket --------------------------------------------------------------------------------------------------------


@needs_moto
def test_what_is_stored_is_what_the_bucket_holds_before_and_after_a_change(
    one_citewell: Citewell, server: BucketServer, word: Path
) -> None:
    before = first_holding() | {"Käse & mehr/50% #1? +a~.md": GOOD}
    server.make("rules")
    beside = {"house/Käse & mehr/empty/": b"", "other/rule.md": GOOD}

    def hold(holding: Holding) -> None:
        server.fill("rules", {f"house/{key}": data for key, data in holding.items()} | beside)

    follow_a_change(one_citewell, hold, table_of(server, "rules", word, prefix="house/"), before)
    assert counts(sync(one_citewell)) == (0, 0, 0, 0, 201, 0)


@needs_moto
def test_a_list_of_several_parts_is_taken_whole(server: BucketServer, tmp_path: Path) -> None:
    server.make("many")
    keys = [f"rule {number}.md" for number in range(1_005)]
    server.fill("many", dict.fromkeys(keys, GOOD))
    with closing(opened(server.url, tmp_path, bucket="many", user=server.key, password=server.secret)) as source:
        assert sorted(entry.path for entry in source.list("").entries) == sorted(keys)


@needs_moto
@pytest.mark.parametrize(
    ("bucket", "user", "secret", "said"),
    [
        ("none", "", "", r"the server answers 404 \(Not Found\): NoSuchBucket"),
        ("there", "", "wrong", r"the server answers 403 \(Forbidden\): SignatureDoesNotMatch"),
        ("there", "AKIANOBODY", "", r"the server answers 403 \(Forbidden\): InvalidAccessKeyId"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_server(
    server: BucketServer, tmp_path: Path, bucket: str, user: str, secret: str, said: str
) -> None:
    if "there" not in server.held:
        server.make("there")
    keys = {"user": user or server.key, "password": secret or server.secret}
    with (
        closing(opened(server.url, tmp_path, bucket=bucket, **keys)) as source,
        pytest.raises(FetchFailed, match=f"the bucket {bucket}: {said}"),
    ):
        source.list("")
        list(source.list("").entries)


def test_a_bucket_is_addressed_by_its_host_too() -> None:
    """The worked examples of the signature are of such requests."""
    endpoint = parse_url("https://s3.eu-central-1.example:9000/top/")
    assert bucket_host(endpoint, "rules", "") == "https://rules.s3.eu-central-1.example:9000/top/"


# -- servers that lie ------------------------------------------------------------------------------------------------


def opened(url: str, tmp_path: Path, *, bucket: str = "rules", password: str = "", **options: str) -> S3Source:
    lines = "".join(f'{key} = "{value}"\n' for key, value in {"url": url, "bucket": bucket, **options}.items() if value)
    configured = parse_source_file(f'[source.home]\nkind = "s3"\n{lines}'.encode(), FILE_NAME)["home"]
    pace = Pace(per_second=1e9, seconds=600)
    return S3Source(configured, pace, Settings(data_dir=tmp_path), password=password)


def listing(*contents: str, more: str = "", encoded: bool = True) -> str:
    encoding = "<EncodingType>url</EncodingType>" if encoded else ""
    return (
        f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{encoding}{"".join(contents)}{more}'
        "</ListBucketResult>"
    )


def item(key: str, *, etag: str = "1", size: object = len(GOOD), encoded: bool = True) -> str:
    name = quote(key) if encoded else escape(key)
    return (
        f"<Contents><Key>{name}</Key><LastModified>2026-11-01T08:00:00.000Z</LastModified>"
        f"<ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size></Contents>"
    )


def more_with(token: str) -> str:
    return f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"


def follow(citewell: Citewell, site: Site, name: str, **more: object) -> None:
    table = {"kind": "s3", "url": site.url("/"), "bucket": "rules", "requests_per_second": 10_000, "max_removed": 1}
    write_source_file(citewell, **{name: table | more})


def take_in(citewell: Citewell, site: Site, name: str) -> None:
    """Let a scripted bucket be followed, and one document be stored of it."""
    site.page(LIST, listing(item("a.md")))
    site.page("/rules/a.md", GOOD, etag='"1"')
    follow(citewell, site, name)
    assert sync(citewell, name).ok
    assert stored(citewell, name) == {"a.md": GOOD}


def test_a_public_bucket_is_asked_without_keys(one_citewell: Citewell, site: Site) -> None:
    take_in(one_citewell, site, "public")
    assert [set(asked.headers) & {"authorization", "x-amz-date"} for asked in site.asked] == [set(), set()]


def test_a_server_without_names_of_versions_goes_by_time_and_size(one_citewell: Citewell, site: Site) -> None:
    site.page(LIST, listing(item("a.md", etag="", encoded=False), encoded=False))
    site.page("/rules/a.md", GOOD)
    follow(one_citewell, site, "plain")
    assert counts(sync(one_citewell, "plain")) == (1, 0, 0, 0, 0, 0)
    assert counts(sync(one_citewell, "plain")) == (0, 0, 0, 0, 1, 0)


def test_a_list_that_breaks_off_or_is_none_removes_nothing(one_citewell: Citewell, site: Site) -> None:
    take_in(one_citewell, site, "broken")
    onward = LIST.replace("?", "?continuation-token=t%26%2F&")
    for page, body, said in (
        (LIST, "<html></html>", "the answer is 'html'; the list of a bucket (ListObjectsV2) was expected"),
        (LIST, "no", "the answer is no XML"),
        (LIST, '<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult/>', "declares a document type"),
        (LIST, listing(item("b/a.md"), more="<IsTruncated>true</IsTruncated>"), "does not say how it goes on"),
        (onward, listing(more=more_with("t&amp;/")), "the bucket lists the same objects again and again"),
        (onward, "<Error><Code>SlowDown</Code></Error>", "the answer is 'Error'"),
    ):
        site.page(LIST, listing(more=more_with("t&amp;/")))
        site.page(page, body)
        (problem,) = sync(one_citewell, "broken").problems
        assert said in problem
        assert "Nothing is removed" in problem
    site.page(LIST, "<Error><Code>AccessDenied</Code></Error>", status="403 Forbidden")
    (problem,) = sync(one_citewell, "broken").problems
    assert "the bucket rules: the server answers 403 (Forbidden): AccessDenied" in problem
    assert stored(one_citewell, "broken") == {"a.md": GOOD}


def test_a_list_without_an_end_is_left(site: Site, tmp_path: Path) -> None:
    for number in range(12):
        token = f"continuation-token={number}&" if number else ""
        site.page(LIST.replace("?", f"?{token}"), listing(more=more_with(str(number + 1))))
    lines = f'[source.home]\nkind = "s3"\nurl = "{site.url("/")}"\nbucket = "rules"\nmax_documents = 10\n'
    configured = parse_source_file(lines.encode(), FILE_NAME)["home"]
    pace = Pace(per_second=1e9, seconds=600)
    with (
        closing(S3Source(configured, pace, Settings(data_dir=tmp_path))) as source,
        pytest.raises(FetchFailed, match="the bucket's list has no end"),
    ):
        list(source.list("").entries)


def test_keys_that_could_mean_something_else_are_not_used(one_citewell: Citewell, site: Site) -> None:
    take_in(one_citewell, site, "hostile")
    keys = (
        "../a.md",
        "a/../b.md",
        "/etc/passwd.md",
        "a//b.md",
        "a\nb.md",
        "\x00.md",
        "\u202egnp.md",
        " a.md",
        "x" * 1_001,
    )
    undecodable = item("z.md").replace("z.md", "%ff.md")
    site.page(LIST, listing(*map(item, keys), undecodable, item("a.md"), item("folder/", size=0)))
    site.asked.clear()
    report = sync(one_citewell, "hostile")
    assert report.problems == (
        '10 names cannot be used, the first: ../a.md: its name has an empty part, "." or "..", or a space at an end'
        " of a part.",
    )
    assert stored(one_citewell, "hostile") == {"a.md": GOOD}
    assert site.paths == [LIST]


def test_keys_beside_the_prefix_are_told_of_and_nothing_is_removed(one_citewell: Citewell, site: Site) -> None:
    site.page(f"{LIST}in%2F", listing(item("in/a.md"), item("in/b.md")))
    for name in "ab":
        site.page(f"/rules/in/{name}.md", GOOD + name.encode(), etag='"1"')
    site.page(f"{LIST}in%2F", listing(item("in/a.md", size=len(GOOD) + 1), item("in/b.md", size=len(GOOD) + 1)))
    follow(one_citewell, site, "beside", prefix="/in/")
    assert sync(one_citewell, "beside").ok
    site.page(f"{LIST}in%2F", listing(item("out/c.md"), item("in/a.md", size=len(GOOD) + 1)))
    (problem,) = sync(one_citewell, "beside").problems
    assert "1 of the keys in it do not begin with the prefix that was asked for, the first: out/c.md" in problem
    assert sorted(stored(one_citewell, "beside")) == ["a.md", "b.md"]


def test_bytes_of_another_version_or_size_are_not_taken(one_citewell: Citewell, site: Site) -> None:
    take_in(one_citewell, site, "lying")
    names = ("a", "b", "c", "d")
    site.page(LIST, listing(*(item(f"{name}.md", etag="2", size=5 if name == "b" else len(GOOD)) for name in names)))
    site.page("/rules/a.md", GOOD.upper(), etag='"3"')
    site.page("/rules/b.md", GOOD, etag='"2"')
    site.page("/rules/c.md", "<Error><Code>InvalidObjectState</Code></Error>", status="403 Forbidden")
    site.page("/rules/d.md", "", status="404 Not Found")
    report = sync(one_citewell, "lying")
    assert stored(one_citewell, "lying") == {"a.md": GOOD}
    errors = {failure.path.removeprefix("source:lying/"): failure.error for failure in report.failures}
    assert "another version came than was listed; it is changing" in errors["a.md"]
    assert "25 bytes came, where 5 were listed" in errors["b.md"]
    assert "403 (Forbidden): InvalidObjectState" in errors["c.md"]
    assert "404 (Not Found)" in errors["d.md"]


def test_a_bucket_that_is_down_costs_nothing(one_citewell: Citewell) -> None:
    with serving() as site:
        take_in(one_citewell, site, "down")
    report = sync(one_citewell, "down")
    assert (report.ok, report.removed) == (False, 0)
    assert "the connection failed" in report.problems[0]
    assert stored(one_citewell, "down") == {"a.md": GOOD}


def test_the_key_is_sent_to_nobody_and_no_redirect_is_followed(site: Site, tmp_path: Path) -> None:
    with serving() as other:
        site.redirect(LIST, other.url(LIST), "307 Temporary Redirect")
        with (
            closing(opened(site.url("/"), tmp_path, user="AKIA", password="hush")) as source,  # noqa: S106 - it is none
            pytest.raises(FetchFailed, match="the server sends elsewhere"),
        ):
            list(source.list("").entries)
        assert other.asked == []
    (asked,) = site.asked
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/")
    assert "hush" not in str(asked)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "http://s3.example"\nuser = "AKIA"', "a password is sent with https only"),
        ('url = "https://s3.example"', "expected a user, the access key, and its secret key"),
        ('url = "https://s3.example"\nuser = "A KIA"', "user is 'A KIA'; expected an access key"),
        ('url = "https://s3.example/?x"\nuser = "AKIA"', "url has a question mark"),
        (
            'url = "https://s3.example"\nuser = "AKIA"\nregion = "EU/1"',
            "region is 'EU/1'; expected one like eu-central-1",
        ),
        (
            'url = "https://s3.example"\nuser = "AKIA"\nprefix = "a/../b"',
            "prefix is 'a/../b': its name has an empty part",
        ),
        ('url = "https://s3.example"\nuser = "AKIA"\naddressing = "dns"', "addressing is 'dns'; expected path or host"),
        ('url = "https://10.0.0.7"\nuser = "AKIA"\naddressing = "host"', "url has a number for a host; expected path"),
    ],
)
def test_what_cannot_be_asked_is_said_before_it_is_asked(tmp_path: Path, lines: str, said: str) -> None:
    written = f'[source.home]\nkind = "s3"\nbucket = "rules"\n{lines}\n'
    configured = parse_source_file(written.encode(), FILE_NAME)["home"]
    with pytest.raises(InvalidSetting, match=said):
        S3Source(configured, Pace(per_second=1, seconds=1), Settings(data_dir=tmp_path), password="hush")  # noqa: S106 - it is none


@pytest.mark.parametrize("bucket", ["a", "../b", "a/b", "a..b", "a b", "-ab", "a?b", "a.b"])
def test_a_bucket_has_a_name_that_can_be_asked_for(tmp_path: Path, bucket: str) -> None:
    said = "no certificate is for a bucket with a dot" if bucket == "a.b" else "expected the name of a bucket"
    with pytest.raises(InvalidSetting, match=said):
        opened("https://s3.example", tmp_path, bucket=bucket, addressing="host")
