"""Tells an author's own words in a mail from what is repeated below: earlier messages and the signature.

Told by the marks that mail programs leave. In doubt the words are the author's: nothing is ever dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

EARLIER, SIGNATURE, REPLY = "Earlier message", "Signature", "Reply"

# "-----Original Message-----" and "---------- Forwarded message ---------", as programs say it in some languages.
_RULED = re.compile(
    r"[-_*]{2,}\s*(?:original message|original appointment|forwarded message|"
    r"urspr(?:ü|ue)ngliche nachricht|weitergeleitete nachricht|message d['’]origine|message transféré|"
    r"mensaje original|mensaje reenviado|messaggio originale|oorspronkelijk bericht|mensagem original)\s*[-_*]{2,}"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:",
    re.IGNORECASE,
)
# The head that Outlook repeats above an earlier message: a sender, and below it a date and a subject.
_SENDER = re.compile(r"\**(?:from|von|de|van|da)\s?:\**\s*\S", re.IGNORECASE)
_SENT = re.compile(r"\**(?:sent|date|gesendet|datum|envoyé|enviado|inviato|data|verzonden)(?: le| el| am)?\s?:", re.I)
_SUBJECT = re.compile(r"\**(?:subject|betreff|objet|asunto|oggetto|onderwerp|assunto)\s?:", re.IGNORECASE)
_HEAD_LINES = 8
# "On Tue, 3 Jun 2025 at 14:05, Anna Berg <anna@example.org> wrote:"; programs wrap it over up to three lines.
_WROTE = re.compile(
    r"(?:on\b.{4,200}\bwrote|am\b.{4,200}\bschrieb\b.{0,100}|le\b.{4,200}\ba écrit|el\b.{4,200}\bescribió"
    r"|il\b.{4,200}\bha scritto|op\b.{4,200}\bschreef\b.{0,100})\s?:",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(?:on|am|le|el|il|op)\b", re.IGNORECASE)
_ADDRESS_OR_TIME = re.compile(r"\S@\S|\d{1,2}[:.h]\d\d")
_WRAPPED_LINES = 3
_MAX_ATTRIBUTION_CHARS = 300

_QUOTED = re.compile(r"(?:\s?>)+ ?")
_MBOX_FROM = re.compile(r">+From ")
_DASHES = re.compile(r"-- ?")
_MAX_SIGNATURE_LINES = 15


def label(lines: Sequence[str]) -> list[tuple[str, int]]:
    """For each line what it is of, and the number of the run of lines it stands in, from 0.

    "" is what the author wrote first, REPLY what follows an earlier message, EARLIER such a message, SIGNATURE the end.
    ["Yes.", "> Shall we?", "Thanks."] -> [("", 0), (EARLIER, 1), (REPLY, 2)]
    """
    labels: list[tuple[str, int]] = []
    run = -1
    for number, group in groupby(zip(_numbers(lines), lines, strict=True), key=lambda pair: pair[0]):
        words = [line for _, line in group]
        run += 1
        if number:
            labels += [(EARLIER, run)] * len(words)
            continue
        own = _signature_start(words)
        labels += [(REPLY if run else "", run)] * own
        run += own < len(words)
        labels += [(SIGNATURE, run)] * (len(words) - own)
    return labels


def bare(line: str, part: str) -> str:
    """The words of a line without the marks of what it is of: ">" of an earlier message, "-- " of a signature."""
    if part == EARLIER and _is_quoted(line):
        return _QUOTED.sub("", line, count=1)
    if part == SIGNATURE:
        return "" if _DASHES.fullmatch(line) else line
    return line[1:] if _MBOX_FROM.match(line) else line


def unwrap(text: str, *, deletes_space: bool = False) -> str:
    """A text of format=flowed (RFC 3676) with its soft line breaks gone: a line that ends in a space goes on below.

    Quoted lines go on only at their own depth; "-- " above a signature does not.
    """
    joined: list[list[str]] = []
    depth, is_open = 0, False
    for line in text.split("\n"):
        words = line.lstrip(">")
        found = len(line) - len(words)
        words = words.removeprefix(" ")
        is_dashes = words == "-- "
        if not is_open or found != depth or is_dashes:
            joined.append([">" * found + (" " if found else "")])
        depth, is_open = found, words.endswith(" ") and not is_dashes
        joined[-1].append(words[:-1] if is_open and deletes_space else words)
    return "\n".join("".join(pieces) for pieces in joined)


def _numbers(lines: Sequence[str]) -> list[int]:
    """For each line 0, or the number of the earlier message that it is of; a blank line is of what it follows."""
    numbers: list[int] = []
    count, current = 0, 0
    is_to_end = False  # below a separator everything is earlier
    announced = -1  # the first quoted line that an attribution has announced
    for place, line in enumerate(lines):
        if not line.strip() or place < announced:
            pass  # blank, or an attribution below its first line
        elif _is_separator(lines, place):
            count, is_to_end = count + 1, True
            current = count
        elif is_to_end:
            pass
        elif _is_quoted(line):
            count += not current
            current = count
        else:
            announced = _attribution(lines, place)
            is_to_end = announced == 0
            count += announced >= 0
            current = count if announced >= 0 else 0
        numbers.append(current)
    return numbers


def _is_quoted(line: str) -> bool:
    return _QUOTED.match(line) is not None and not _MBOX_FROM.match(line)


def _is_separator(lines: Sequence[str], place: int) -> bool:
    line = lines[place].strip()
    if _RULED.fullmatch(line):
        return True
    if not _SENDER.match(line):
        return False
    below = [following.strip() for following in lines[place + 1 : place + _HEAD_LINES]]
    # The head below "----Original Message----" is part of what that line begins.
    above = next((before.strip() for before in reversed(lines[max(0, place - 2) : place]) if before.strip()), "")
    is_head = any(map(_SENT.match, below)) and any(map(_SUBJECT.match, below))
    return is_head and not _RULED.fullmatch(above)


def _attribution(lines: Sequence[str], place: int) -> int:
    """Where the quoted lines begin that "On ... wrote:" at `place` announces; 0 for all that follows, -1 for no such.

    Without ">" below it the line must name an address or a time: people write "On 3 May the mayor wrote:" too.
    """
    if not _OPENING.match(lines[place].strip()):
        return -1
    for count in range(1, _WRAPPED_LINES + 1):
        sentence = " ".join(line.strip() for line in lines[place : place + count])
        if sentence.endswith(":") and len(sentence) <= _MAX_ATTRIBUTION_CHARS and _WROTE.fullmatch(sentence):
            following = next((n for n in range(place + count, len(lines)) if lines[n].strip()), -1)
            if following >= 0 and _is_quoted(lines[following]):
                return following
            return 0 if _ADDRESS_OR_TIME.search(sentence) else -1
    return -1


def _signature_start(lines: Sequence[str]) -> int:
    """The line of dashes above a signature at the end; the number of lines when there is none."""
    for place in range(len(lines) - 1, max(-1, len(lines) - _MAX_SIGNATURE_LINES - 2), -1):
        if _DASHES.fullmatch(lines[place]):
            return place
    return len(lines)
