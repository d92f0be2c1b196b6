"""E-mails as they are sent (RFC 5322, MIME): the words of a mail, from its plain text or else its HTML.

Attachments are named, not read; mails attached to a mail are read as sections below it. Nothing is fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rag.errors import UnreadableDocument
from rag.read.layout import Content
from rag.read.mail.message import MAX_DEPTH, Mail, MailBlock, head_fields, html_body, plain_body, write_mail
from rag.read.mail.mime import MimePart, MimeParts, body_bytes, body_text
from rag.read.mail.quoted import unwrap

_EXPECTED = "an e-mail as mail programs save it was expected"
_HEADING = re.compile(rb"<h[1-6][\s>]", re.IGNORECASE)
_KNOWN = {"from", "to", "cc", "date", "subject", "sender", "received", "message-id", "mime-version", "content-type"}
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
# Of no use to a reader of the mail, and not worth a warning in each.
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")


def read_eml(data: bytes) -> Content:
    """The mail. Title: its subject.

    Raises UnreadableDocument for what has no header of a mail, and for a mail that is encrypted.
    """
    parts = MimeParts()
    root = parts.read(data.lstrip())
    if not _KNOWN & {name for name, _ in root.headers}:
        raise UnreadableDocument(f"it has none of the headers of a mail, such as From: or Date:; {_EXPECTED}")
    mail = read_mail(root, parts)
    if not mail.body and not mail.attached and _is_encrypted(root):
        raise UnreadableDocument("the mail is encrypted; open it in your mail program and save it decrypted")
    return write_mail(mail)


def read_mail(root: MimePart, parts: MimeParts, depth: int = 0) -> Mail:
    """The mail in a part and in those below it."""
    found = _BodyFound(parts, depth)
    found.take(root)
    if parts.is_cut:
        found.warnings.append("it has more parts, or parts inside parts, than are read; the others were left out")
    fields, warnings = head_fields({name: root.header(name) for name in ("from", "to", "cc", "date")})
    subject = " ".join(root.header("subject").split())
    return Mail(
        subject, fields, tuple(found.body), tuple(found.attached), tuple(found.unread), (*warnings, *found.warnings)
    )


@dataclass(slots=True)
class _BodyFound:
    """What has been found so far in the parts of a mail."""

    parts: MimeParts
    depth: int
    body: list[MailBlock] = field(default_factory=list)
    attached: list[Mail] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take(self, part: MimePart) -> None:
        """Take a part, and those in it that belong to the mail."""
        if part.kind == "multipart/alternative":
            self._take_best(part)
        elif part.kind == "multipart/related":
            self._take_related(part)
        elif part.parts:
            for inner in part.parts:
                self.take(inner)
        elif part.kind == "message/rfc822":
            self._take_mail(part)
        elif part.kind in ("text/plain", "text/html") and not part.is_attached:
            self._take_text(part)
        elif part.kind not in _SIGNATURES and not part.kind.startswith("multipart/") and part.body.strip():
            self.unread.append(part.name or part.kind)

    def _take_best(self, part: MimePart) -> None:
        """Of versions of the same words take one; of others, which may hold attachments, those alone.

        That is the plain one: what mail programs write as HTML is mostly looks. One with headings says more.
        """
        wanted = "text/html" if any(map(_has_headings, part.parts)) else "text/plain"
        texts = sorted(part.parts, key=lambda inner: _first_text(inner).kind != wanted)
        before = len(self.body)
        for inner in texts:
            if len(self.body) == before:
                self.take(inner)
            elif not inner.kind.startswith("text/"):
                self._take_files(inner)

    def _take_files(self, part: MimePart) -> None:
        if part.is_attached and not part.mime.get("content-id"):
            self.unread.append(part.name or part.kind)
        for inner in part.parts:
            self._take_files(inner)

    def _take_related(self, part: MimePart) -> None:
        """Take the words, and files; not the pictures that are shown among the words."""
        for inner in part.parts:
            if not inner.kind.startswith("image/"):
                self.take(inner)

    def _take_mail(self, part: MimePart) -> None:
        if self.depth >= MAX_DEPTH:
            self.warnings.append(f"mails attached more than {MAX_DEPTH} deep were left out")
            return
        inner = self.parts.read(body_bytes(part).lstrip())
        self.attached.append(read_mail(inner, self.parts, self.depth + 1))

    def _take_text(self, part: MimePart) -> None:
        try:
            text, warnings = body_text(part)
            is_page = part.kind == "text/html"
            pieces, found = html_body(text) if is_page else plain_body(_unwrapped(part, text))
        except UnreadableDocument as error:
            self.warnings.append(f"a part of it was left out: {error}")
            return
        self.warnings += [*warnings, *found]
        last = self.body[-1].number + 1 if self.body else 0
        self.body += [piece.numbered(piece.number + last) for piece in pieces]


def _unwrapped(part: MimePart, text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.parameter("format") == "flowed":
        return unwrap(text, deletes_space=part.parameter("delsp") == "yes")
    return text


def _first_text(part: MimePart) -> MimePart:
    """The first text that is in a part."""
    while part.parts:
        part = part.parts[0]
    return part


def _has_headings(part: MimePart) -> bool:
    """Whether it is a page with headings."""
    text = _first_text(part)
    return text.kind == "text/html" and _HEADING.search(body_bytes(text)) is not None


def _is_encrypted(part: MimePart) -> bool:
    # A signed mail may be wrapped in the same way; what is in it cannot be told without its keys.
    return part.kind in _ENCRYPTED or any(_is_encrypted(inner) for inner in part.parts)
