"""Every knob: its unit, its default and the reason. `Settings.from_env` alone reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from rag.errors import InputError, InvalidSetting
from rag.hosts import parse_permit

PREFIX = "CITEWELL_"
BUNDLED_MODEL = "all-MiniLM-L6-v2"
_MIN_READ_MEGABYTES = 256  # the interpreter and its libraries reserve most of this


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Each field NAME can be set by the environment variable CITEWELL_NAME.

    Lists are separated by commas; booleans are "true" or "false".
    """

    # Where everything lives: one directory, so that a backup is one directory.
    data_dir: Path = Path(".citewell")
    # A sentence-transformers model: the bundled name, another name in the local cache, or a folder.
    model: str = BUNDLED_MODEL
    # Language of the documents, for sentence boundaries (ISO 639-1).
    language: str = "en"

    # Bytes. Beyond this a file is refused before it is read: 50 MB of plain text is some 20,000 pages.
    max_document_bytes: int = 50_000_000
    # Seconds that the reading of one file may take: some 5,000 pages of PDF.
    read_seconds: int = 180
    # MB of address space that it may take; 50 MB of plain text takes a third of this.
    read_megabytes: int = 2_048
    # Earlier texts kept of each document, so that citations of them can be checked; 0 keeps none. Deleting a document
    # deletes them.
    keep_versions: int = 10
    # Whether the bytes of each document are kept beside its text, so that citations can be checked against the page
    # itself. They take as much disk as the files do; without them there is nothing but the text.
    keep_originals: bool = True
    # Characters. The longest question in the question sets we measure on has 277.
    max_question_chars: int = 1_000
    # Sentences in an answer, at most.
    max_sentences: int = 3
    # Passages that are read for an answer, and shown when there is none. More find little and cost 20 ms each.
    passages: int = 5
    # Whether the trained reader reads the passages; without it answers are faster and worse.
    reader: bool = True
    # Confidence under which nothing is quoted, 0..1; -1 means what `rag calibrate` stored, else the fitted default.
    min_confidence: float = -1.0

    # What `rag fetch` may fetch besides public addresses at the ports 80 and 443: each a host, host:port, network or
    # network:port. Nothing by default: an address in a page must not lead into the network that this machine is in.
    fetch_allow: tuple[str, ...] = ()

    # 127.0.0.1 keeps the service on this machine. A wider address needs api_key, or uploads=false.
    host: str = "127.0.0.1"
    port: int = 8000
    # Whether documents can be added and removed over HTTP.
    uploads: bool = True
    # When set, adding and removing over HTTP needs "Authorization: Bearer <key>".
    api_key: str = ""
    # Host names this server answers to besides localhost and `host`: stops DNS rebinding.
    allowed_hosts: tuple[str, ...] = ()
    # Origins that may call the API from a browser and frame the widget. None by default.
    allowed_origins: tuple[str, ...] = ()
    # Questions a minute from one client address; beyond it 429.
    questions_per_minute: int = 120
    # Questions worked on at once, the others wait in line; 0 means one for each core, from more nobody gains.
    max_concurrent_questions: int = 0
    # Questions that may wait in line; beyond it 429. On two cores so many are done in some three seconds; where they
    # would take longer than ten, those that come are refused before the line is full (web/places.py).
    max_waiting_questions: int = 128
    # Processes that answer, over one index and one copy of the weights. Two cores are busy with one.
    workers: int = 1
    # Answers kept in memory for who asks the same again while nothing has changed; 0 keeps none. Some 40 kB each.
    remembered_answers: int = 200
    # Days that a conversation is kept after its last question; 0 keeps none. Whoever has its link can open it.
    keep_conversations_days: int = 30
    # Days that the texts of questions are kept for whoever looks after the documents, to see what was not answered;
    # 0 keeps none and only counts them. Nothing by default: people ask about illnesses, lawsuits and colleagues.
    keep_questions_days: int = 0
    # Whether pages of `allowed_origins` may ask without a token. Without it they need one from POST
    # /api/v1/widget/tokens, which only who knows api_key gets.
    widget_public: bool = False
    # Seconds that such a token holds: long enough for an answer to be read, short enough to be worth little stolen.
    widget_token_seconds: int = 600
    # Language of the pages (ISO 639-1, one that there are texts for); "" follows each browser.
    interface_language: str = ""
    # Folders that the server keeps the documents in step with while it runs.
    watch: tuple[str, ...] = ()
    # A JSON Lines file of questions; the first ones marked "suggested" that get an answer are offered on the page.
    suggestions: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """Settings from CITEWELL_* variables; `overrides` (command-line options) win where they are not None.

        Raises InvalidSetting for a variable that is unknown, or whose value does not parse or is out of range.
        """
        types = get_type_hints(cls)
        known = {PREFIX + f.name.upper(): f.name for f in fields(cls)}
        values: dict[str, Any] = {}
        for variable, raw in environ.items():
            if not variable.startswith(PREFIX):
                continue
            if variable not in known:
                raise InvalidSetting(f"{variable} is not a setting. Settings are: {', '.join(sorted(known))}.")
            values[known[variable]] = _parse(variable, raw, types[known[variable]])
        values.update({name: value for name, value in overrides.items() if value is not None})
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        """Raise InvalidSetting for the first value that is out of range."""
        at_least_one = (
            "max_document_bytes",
            "read_seconds",
            "max_question_chars",
            "max_sentences",
            "passages",
            "questions_per_minute",
            "workers",
        )
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise InvalidSetting(f"{name} is {getattr(self, name)}; expected 1 or more.")
        if self.read_megabytes < _MIN_READ_MEGABYTES:
            raise InvalidSetting(f"read_megabytes is {self.read_megabytes}; expected {_MIN_READ_MEGABYTES} or more.")
        at_least_zero = (
            "keep_versions",
            "max_concurrent_questions",
            "max_waiting_questions",
            "remembered_answers",
            "keep_conversations_days",
            "keep_questions_days",
        )
        for name in at_least_zero:
            if getattr(self, name) < 0:
                raise InvalidSetting(f"{name} is {getattr(self, name)}; expected 0 or more.")
        if not 30 <= self.widget_token_seconds <= 86_400:
            raise InvalidSetting(f"widget_token_seconds is {self.widget_token_seconds}; expected 30 to 86400.")
        if not 0 <= self.port <= 65_535:
            raise InvalidSetting(f"port is {self.port}; expected 0 to 65535.")
        if self.min_confidence != -1.0 and not 0.0 <= self.min_confidence <= 1.0:
            raise InvalidSetting(f"min_confidence is {self.min_confidence}; expected 0 to 1, or -1 for the default.")
        for entry in self.fetch_allow:
            try:
                parse_permit(entry)
            except InputError as error:
                raise InvalidSetting(
                    f"fetch_allow has {entry!r}: {error}. Expected a host or network, with or without a port, like"
                    " wiki.intranet, wiki.intranet:8080, 10.0.0.0/8 or [fd00::/8]:8080."
                ) from error
        for origin in self.allowed_origins:
            if not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", origin):  # as browsers write it, and safe in a header
                raise InvalidSetting(
                    f"allowed_origins has {origin!r}; expected scheme and host only, in small letters, like"
                    " https://intranet.example."
                )


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parse(variable: str, raw: str, kind: Any) -> Any:
    """The value of one environment variable, as the field's type."""
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[raw.strip().lower()]
        if kind is int:
            return int(raw)
        if kind is float:
            return float(raw)
        if kind is Path or kind == Path | None:
            return Path(raw)
        if kind == tuple[str, ...]:
            return tuple(part.strip() for part in raw.split(",") if part.strip())
        return raw
    except (KeyError, ValueError) as error:
        expected = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise InvalidSetting(f"{variable} is {raw!r}; expected {expected}.") from error
