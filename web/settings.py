"""Every knob of the server, beside those of the library: its unit, its range, its default and the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InvalidSetting
from rag.settings import Settings, bounded

MIN_METRICS_KEY_CHARS = 16
WAYS_TO_SIGN_IN = ("local", "proxy", "oidc")


@dataclass(frozen=True, slots=True)
class WebSettings(Settings):
    """Every setting of the library and of the server."""

    # Address to listen on. 127.0.0.1 keeps the service on this machine; a wider one needs an API key, or no uploads.
    host: str = "127.0.0.1"
    # Port to listen on.
    port: int = bounded(8000, 0, 65_535)
    # Whether documents can be added and removed over HTTP.
    uploads: bool = True
    # When set, adding and removing over HTTP needs "Authorization: Bearer <key>". Whoever has it acts as an owner. 16
    # characters or more, 6 of them different; a weaker one is refused at the start.
    api_key: str = ""
    # A file with one or two such keys, a line each: where a key in the environment could be read by others. It is read
    # again when it changes. A line may be "sha256:" and the hash of a key.
    api_key_file: Path | None = None
    # How people sign in: any of local (accounts that `rag people` makes), proxy and oidc. Empty asks nobody to sign in:
    # whoever reaches the service reads everything, so it then answers to this machine only.
    sign_in: tuple[str, ...] = ()
    # Host names that this server answers to besides localhost and the address it listens on: stops DNS rebinding.
    allowed_hosts: tuple[str, ...] = ()
    # Origins that may call the API from a browser and frame the widget. None by default.
    allowed_origins: tuple[str, ...] = ()
    # Questions a minute from one client address; beyond it 429.
    questions_per_minute: int = bounded(120, 1)
    # Requests a minute from one client address to read documents, pages of pictures included; beyond it 429.
    reads_per_minute: int = bounded(600, 1)
    # Questions worked on at once, the others wait in line; 0 means one for each core, and more gain nothing.
    max_concurrent_questions: int = bounded(0, 0)
    # Questions that may wait in line; beyond it 429. On two cores this many take some three seconds. Where the wait
    # would be longer than ten seconds, questions are refused before the line is full, with `Retry-After`.
    max_waiting_questions: int = bounded(128, 0)
    # Connections at once, in each process; fewer where the process may not open as many files. When there are more, the
    # one that has kept the service waiting longest is closed.
    max_connections: int = bounded(1_000, 1)
    # Whether pages of the allowed origins may ask without a token. Otherwise they need one from POST
    # /api/v1/widget/tokens, which is given only to callers with the API key.
    widget_public: bool = False
    # Seconds that such a token holds: long enough for an answer to be read, short enough to be worth little stolen.
    widget_token_seconds: int = bounded(600, 30, 86_400)
    # Key with which the servers of other sites' pages sign who their visitor is: 32 characters or more, and not the API
    # key. Whoever has it can ask as anybody.
    widget_key: str = ""
    # A file with that key.
    widget_key_file: Path | None = None
    # Key with which a program that watches the service reads /metrics, and nothing else: 16 characters or more. Without
    # it an owner may, and where nobody signs in and no API key is set, this machine.
    metrics_key: str = ""
    # A file with that key.
    metrics_key_file: Path | None = None
    # Address of an OpenTelemetry collector (OTLP over HTTP), as http://127.0.0.1:4318/v1/traces. It is sent how
    # long requests and the stages of answers took, and no word of what was asked. Needs the extra `traces`.
    traces_url: str = ""
    # Whether each request is a line of the log: method, path, status, bytes and milliseconds. Never what was asked.
    access_log: bool = True
    # How lines of the log look: text, or json for programs that collect them.
    log_format: str = "text"
    # Language of the pages (ISO 639-1, one that there are texts for); empty follows each browser.
    interface_language: str = ""
    # What the page says of how long questions are kept and who can see them; "off" says nothing. Empty is a text that
    # says it from the settings, where people sign in.
    privacy_notice: str = ""
    # Folders that the server keeps the documents in step with while it runs.
    watch: tuple[str, ...] = ()

    @property
    def signs_people_in(self) -> bool:
        """Whether people sign in."""
        return bool(self.sign_in)

    def check(self) -> None:
        """Raise InvalidSetting for the first value that makes no sense."""
        Settings.check(self)  # by name: super() does not find its way in a class with slots
        if self.log_format not in ("text", "json"):
            raise InvalidSetting(f"log_format is {self.log_format!r}; expected text or json.")
        for way in self.sign_in:
            if way not in WAYS_TO_SIGN_IN:
                raise InvalidSetting(f"sign_in has {way!r}; expected any of {', '.join(WAYS_TO_SIGN_IN)}.")
        if self.metrics_key and len(self.metrics_key) < MIN_METRICS_KEY_CHARS:
            raise InvalidSetting(
                f"metrics_key has {len(self.metrics_key)} characters; expected {MIN_METRICS_KEY_CHARS} or more, such as"
                " `openssl rand -hex 32` gives."
            )
        if self.metrics_key and self.metrics_key in (self.api_key, self.widget_key):
            raise InvalidSetting("metrics_key is another key too; expected one that is good for nothing else.")
        if self.widget_key and self.widget_key == self.api_key:
            raise InvalidSetting("widget_key is the API key; expected another one, which other servers may know.")
        if self.widget_key and not self.sign_in:
            raise InvalidSetting(
                "widget_key is set, and nobody has to sign in, so everybody reads everything. Set CITEWELL_SIGN_IN too."
            )
        for origin in self.allowed_origins:
            if not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", origin):  # as browsers write it, and safe in a header
                raise InvalidSetting(
                    f"allowed_origins has {origin!r}; expected scheme and host only, in small letters, like"
                    " https://intranet.example."
                )
