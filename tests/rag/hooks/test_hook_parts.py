"""Signatures, the queue on the disk, and the settings of webhooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import InvalidSetting, StorageError
from rag.hooks.hook_event import HookEvent
from rag.hooks.hook_queue import HookQueue
from rag.hooks.hook_signature import key_of, signed_headers
from rag.settings import Settings

SECRET = "x" * 24


def test_the_example_of_standard_webhooks_has_the_signature_that_it_should() -> None:
    """The key, message and signature of the specification's own libraries' tests."""
    key = key_of("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["short", "whsec_" + "not base64 at all!!!!!", "whsec_" + "c2hvcnQ="])
def test_a_weak_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        key_of(secret)
    assert secret.removeprefix("whsec_") not in str(raised.value)


def test_messages_come_out_in_the_order_in_which_they_went_in(tmp_path: Path) -> None:
    moments = iter([5, 1_000_000_005, 1_000_000_005])
    queue = HookQueue(tmp_path / "queue", now=lambda: next(moments))
    one, two = HookEvent("msg_1", b'{"a":\n1}'), HookEvent("msg_2", b"{}")
    assert (queue.waiting(), queue.add(one), queue.add(two)) == ([], True, True)
    assert [queue.read(path) for path in queue.waiting()] == [one, two]
    assert queue.seconds_since(queue.waiting()[0]) == 1.0
    for path in queue.waiting():
        queue.done(path)
    assert queue.waiting() == []


def test_what_was_half_written_is_no_message(tmp_path: Path) -> None:
    (tmp_path / ".0123").write_bytes(b"msg_1\n{")
    assert HookQueue(tmp_path).waiting() == []


def test_a_queue_that_cannot_be_read_is_an_error_and_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "queue").write_text("no folder")
    with pytest.raises(StorageError):
        HookQueue(tmp_path / "queue").waiting()


@pytest.mark.parametrize(
    "url",
    [
        "http://tickets.intranet/hook",
        "http://127.0.0.1.example/hook",
        "ftp://tickets.intranet/",
        "https://user:" + "password@tickets.intranet/",
        "https:///hook",
        "https://tickets.intranet:0/",
        "https://tickets.intranet:99999/",
        "tickets.intranet",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="neither https nor http on this machine"):
        Settings(webhook_urls=(url,), webhook_secret=SECRET).check()


def test_addresses_need_a_secret_and_events_that_there_are() -> None:
    Settings(webhook_urls=("https://tickets.intranet/a?b=c", "http://[::1]:9/"), webhook_secret=SECRET).check()
    with pytest.raises(InvalidSetting, match="webhook_secret has 5 characters; expected 24 or more"):
        Settings(webhook_urls=("https://tickets.intranet/",), webhook_secret=SECRET[:5]).check()
    with pytest.raises(InvalidSetting, match="expected any of not_answered, document_changed"):
        Settings(webhook_events=("answered",)).check()
