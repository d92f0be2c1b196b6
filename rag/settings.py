"""Every knob of the library: its unit, its range, its default and the reason. `from_env` alone reads the environment.

Those of the server, `web/settings.py`, are these and its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_type_hints
from urllib.parse import urlsplit

from rag.errors import InputError, InvalidSetting
from rag.hosts import is_loopback, parse_permit

if TYPE_CHECKING:
    import ssl

PREFIX = "CITEWELL_"
BUNDLED_MODEL = "all-MiniLM-L6-v2"
_CHOICES = {"audit": ("on", "off", ""), "audit_questions": ("full", "hash", "none")}


def bounded(default: float | None, least: float, most: float | None = None) -> Any:
    """A field whose value lies from `least` to `most`, both included; without `most` it has no upper end."""
    return field(default=default, metadata={"least": least, "most": most})


_OCR_LANGUAGES = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\+[A-Za-z][A-Za-z0-9_]*)*")
WEBHOOK_EVENTS = ("not_answered", "document_changed")
_LEAST_WEBHOOK_SECRET = 24

# Secrets that a file may hold: CITEWELL_NAME_FILE.
_SECRETS_IN_FILES = ("database", "oidc_client_secret", "ldap_password", "widget_key", "metrics_key", "webhook_secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the library. Each field NAME can be set by the environment variable CITEWELL_NAME.

    Lists are separated by commas; booleans are "true" or "false".
    """

    # Where everything is kept: one folder, so that a backup is one folder.
    data_dir: Path = Path(".citewell")
    # The PostgreSQL database that the documents are in, as postgresql://USER@HOST/DATABASE, for several machines over
    # one; empty keeps them in the data directory. The index, models and the audit log stay there in any case.
    database: str = ""
    # A file with that address, where it has a password that others could read in the environment.
    database_file: Path | None = None
    # Whether this server reads and embeds files for other nodes that bring documents in. It answers more slowly then.
    help_nodes: bool = True
    # A sentence-transformers model: the bundled name, another name in the local cache, or a folder.
    model: str = BUNDLED_MODEL
    # Language of documents whose text does not tell it, for sentence boundaries (ISO 639-1).
    language: str = "en"

    # Bytes. Beyond this a file is refused before it is read: 50 MB of plain text is some 20,000 pages.
    max_document_bytes: int = bounded(50_000_000, 1)
    # Seconds that the reading of one file may take: some 5,000 pages of PDF.
    read_seconds: int = bounded(180, 1)
    # MB of address space that the reading of one file may take; 50 MB of plain text takes a third of this. The
    # interpreter and its libraries reserve most of 256.
    read_megabytes: int = bounded(2_048, 256)
    # Languages in which the text of scanned pages and of pictures is recognised (OCR), as Tesseract calls them: eng, or
    # deu+eng. It takes Debian's packages tesseract-ocr and tesseract-ocr-deu. Empty recognises nothing.
    ocr: str = ""
    # Seconds that the recognition of one page may take, within read_seconds; an ordinary one takes 3 on an idle core.
    ocr_page_seconds: int = bounded(120, 1)
    # Seconds that the recognition of all pages of one file may take; the pages that are left then are told of.
    ocr_seconds: int = bounded(1_800, 1)
    # Earlier texts kept of each document, so that citations of them can be checked; 0 keeps none. Deleting a document
    # deletes them.
    keep_versions: int = bounded(10, 0)
    # Whether the file of each document is kept beside its text, so that citations can be checked against the page
    # itself. They take as much disk as the files do; without them there is nothing but the text.
    keep_originals: bool = True
    # MB. With less room than this where the data directory lies, /readyz and the metrics say that the disk is nearly
    # full.
    min_free_megabytes: int = bounded(500, 0)
    # Folder into which `rag maintain` backs up; without it, it makes no backup.
    backup_folder: Path | None = None
    # Backups of `rag maintain` that are kept there; older ones are deleted, unless something was found to be wrong.
    keep_backups: int = bounded(7, 1)
    # Public keys of age (age1..., or ssh-ed25519 ...) that backups are encrypted to, so that they can be kept where
    # others look; whoever has the secret key of any one of them can open a backup. Without any they are not encrypted.
    backup_recipients: tuple[str, ...] = ()
    # A file with the secret key for them, for restoring and for the drill. On the server it is wanted for the drill
    # alone: whoever takes the machine then opens the backups too.
    backup_identity: Path | None = None
    # Whether `rag maintain` also restores the backup that it made, into a folder that is deleted again, and asks it.
    drill_backups: bool = False
    # Addresses that are told of what happens: https, or http on this machine. Nothing is sent anywhere else.
    webhook_urls: tuple[str, ...] = ()
    # Secret that these messages are signed with: 24 characters or more, or whsec_ and Base64.
    webhook_secret: str = ""
    # A file with that secret.
    webhook_secret_file: Path | None = None
    # Of what they are told: not_answered, document_changed.
    webhook_events: tuple[str, ...] = ("not_answered", "document_changed")
    # Whether messages also have the question that was not answered, and the text of the document that changed.
    webhook_text: bool = False
    # A CSV file of the documents' words and what people say instead; if not set, glossary.csv in the data directory is
    # read where there is one. Changes hold from the next question.
    glossary: Path | None = None
    # A TOML file that names the sources of documents for `rag sources`; if not set, citewell.toml in the data directory
    # is read where there is one.
    sources: Path | None = None
    # Characters; a longer question is refused. The longest one in the question sets we measure on has 277.
    max_question_chars: int = bounded(1_000, 1)
    # Sentences in an answer, at most.
    max_sentences: int = bounded(3, 1)
    # Passages that are read for an answer, and shown when there is none. More find little and cost 20 ms each.
    passages: int = bounded(8, 1)
    # Whether the trained reader reads the passages; without it answers are faster and worse.
    reader: bool = True
    # Confidence from which on one answer is given, 0 to 1; without it, or with -1, what `rag calibrate` stored, else
    # the fitted default.
    answer_confidence: float | None = bounded(None, 0, 1)
    # Confidence under which nothing is quoted, 0 to 1; without it, or with -1, as above. What lies between the two is
    # shown as quotes that may answer.
    min_confidence: float | None = bounded(None, 0, 1)

    # What `rag fetch` may fetch besides public addresses at the ports 80 and 443: hosts and networks, each with or
    # without a port. Nothing by default: an address in a page must not lead into the network that this machine is in.
    fetch_allow: tuple[str, ...] = ()

    # Processes that answer at one address, over one index and one copy of the weights. One keeps two cores busy. Each
    # counts rates and its line by itself.
    workers: int = bounded(1, 1)
    # Answers kept in memory for whoever asks the same again while nothing has changed; 0 keeps none. Some 40 kB each.
    remembered_answers: int = bounded(200, 0)
    # Days that a conversation is kept after its last question; 0 keeps none. Whoever has its link can open it.
    keep_conversations_days: int = bounded(30, 0)
    # MB that all conversations may take; beyond it those go first that have been without a question for longest.
    max_conversations_megabytes: int = bounded(1_000, 1)
    # Days that the texts of questions are kept for whoever looks after the documents, to see what was not answered;
    # 0 keeps none and only counts them. Nothing by default: people ask about illnesses, lawsuits and colleagues.
    keep_questions_days: int = bounded(0, 0)
    # Days that votes and comments on answers are kept; 0 keeps none.
    keep_feedback_days: int = bounded(365, 0)
    # Whether it is put down who did what and was shown which quotes: on or off; empty is on where people sign in.
    audit: str = ""
    # How the text of a question is put down there: full, hash (whoever knows it can see that it was asked) or none.
    # Whatever is typed is sealed with a key of the person's own, so that it can be forgotten.
    audit_questions: str = "hash"
    # Days that the audit log is kept, whole files at a time; 0 keeps all of it.
    keep_audit_days: int = bounded(365, 0)
    # Hours after which a browser that was not used has to sign in again: a night.
    session_idle_hours: int = bounded(12, 1)
    # Days after which every browser has to.
    session_days: int = bounded(7, 1)
    # Addresses and networks of the reverse proxies that may say who asks, and for whom they ask (X-Forwarded-For).
    # Without any, X-Forwarded-For is believed from this machine only, and headers that name a person from nobody.
    proxy_addresses: tuple[str, ...] = ()
    # The header that names the person, with `proxy` among the ways to sign in.
    proxy_user_header: str = "Remote-User"
    # The header that names the person's groups, between commas, semicolons or bars.
    proxy_groups_header: str = "Remote-Groups"
    # The header with the person's mail address, which is only shown.
    proxy_mail_header: str = "Remote-Email"
    # Address of the OpenID Connect provider, exactly as it calls itself ("issuer"): https, or http on this machine.
    oidc_issuer: str = ""
    # Name of this service at the provider.
    oidc_client_id: str = ""
    # Secret of this service at the provider; empty for a public client, which PKCE alone protects.
    oidc_client_secret: str = ""
    # A file with that secret, where one in the environment could be read by others.
    oidc_client_secret_file: Path | None = None
    # What is asked of the provider besides openid.
    oidc_scopes: tuple[str, ...] = ("profile", "email")
    # The claim that names a person. `sub` never changes and is often unreadable; take another one, such as
    # preferred_username, only where nobody can change their own, and none is given twice.
    oidc_person_claim: str = "sub"
    # The claim that lists a person's groups; a path such as realm_access.roles leads into another claim.
    oidc_groups_claim: str = "groups"
    # Hosts, with their ports, that the provider's addresses may be at besides the host of the issuer.
    oidc_hosts: tuple[str, ...] = ()
    # Seconds that what the provider said of somebody holds; then it is asked again with the refresh token that it gave.
    oidc_recheck_seconds: int = bounded(45, 5, 3_600)
    # Minutes that it holds where the provider gave no refresh token; then the person signs in again.
    oidc_groups_minutes: int = bounded(480, 5, 10_080)
    # Certificates (PEM) of the organisation's own authority, for the provider and the directory.
    ca_file: Path | None = None
    # Address of the directory that knows everybody's groups, for the ways proxy and oidc: ldaps://host, or ldap://host,
    # which is spoken to only after StartTLS. Who is not in it does not get in.
    ldap_url: str = ""
    # Name (DN) of the service's own account in the directory; empty asks without one.
    ldap_bind_dn: str = ""
    # Password of that account.
    ldap_password: str = ""
    # A file with that password.
    ldap_password_file: Path | None = None
    # Where people are in the directory.
    ldap_people_base: str = ""
    # How somebody is found there. It must find one entry, and can leave out those who are locked.
    ldap_person_filter: str = "(uid={person})"
    # Where groups are in the directory; empty: where people are.
    ldap_groups_base: str = ""
    # How the groups are found of the person whose entry is called {dn}.
    ldap_group_filter: str = "(|(member={dn})(uniqueMember={dn})(memberUid={person}))"
    # The attribute with the name of a group.
    ldap_group_attribute: str = "cn"
    # Seconds that what the directory said holds; then it is asked again. 60 at most: that long somebody stays who left.
    ldap_seconds: int = bounded(30, 1, 60)
    # Groups as the provider, proxy or directory calls them, and as they are called here: theirs=ours. Where there is
    # any, others count for nothing; without any, names stay as they are.
    group_map: tuple[str, ...] = ()
    # Groups (named as here) whose members are owners: they read everything, and decide who reads what.
    owner_groups: tuple[str, ...] = ()
    # Groups whose members change documents: of the same group, or of another one, as in hr-editors=hr.
    editor_groups: tuple[str, ...] = ()
    # Groups whose members read the audit log.
    auditor_groups: tuple[str, ...] = ()
    # A JSON Lines file of questions; the first ones marked "suggested" that get an answer are offered on the page.
    suggestions: Path | None = None

    def trusted_authorities(self) -> ssl.SSLContext:
        """The authorities that a certificate may be of: the system's, and the organisation's own.

        Raises InvalidSetting.
        """
        import ssl  # here: few need it

        context = ssl.create_default_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise InvalidSetting(
                    f"ca_file is {self.ca_file}, which holds no certificates in PEM: {error}."
                ) from error
        return context

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **overrides: Any) -> Self:
        """Settings from CITEWELL_* variables; `overrides` (command-line options) win where they are not None.

        Raises InvalidSetting for a variable that is unknown, or whose value does not parse or is out of range. Unknown
        are to `Settings` those of the server too: who shares its environment reads `web.settings.WebSettings`, which
        can be given wherever `Settings` is asked for.
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
        values.update(_secrets_from_files(values))
        settings = cls(**values)
        settings.check()
        return settings

    @property
    def signs_people_in(self) -> bool:
        """Whether there is more than one person; the settings of a server say so."""
        return False

    def check(self) -> None:
        """Raise InvalidSetting for the first value that makes no sense."""
        _check_ranges(self)
        for name, choices in _CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                raise InvalidSetting(f"{name} is {value!r}; expected one of {', '.join(filter(None, choices))}.")
        if self.ocr and not _OCR_LANGUAGES.fullmatch(self.ocr):
            raise InvalidSetting(
                f"ocr is {self.ocr!r}; expected languages as Tesseract calls them, such as eng or deu+eng, or nothing."
            )
        _check_webhooks(self)
        for entry in self.fetch_allow:
            try:
                parse_permit(entry)
            except InputError as error:
                raise InvalidSetting(
                    f"fetch_allow has {entry!r}: {error}. Expected a host or network, with or without a port, like"
                    " wiki.intranet, wiki.intranet:8080, 10.0.0.0/8 or [fd00::/8]:8080."
                ) from error


def _check_webhooks(settings: Settings) -> None:
    """Raise InvalidSetting for an address that nothing is sent to, an event that there is not, or a weak secret."""
    for url in settings.webhook_urls:
        try:
            parts = urlsplit(url)
            port_is_right = parts.port is None or parts.port > 0
        except ValueError:
            port_is_right = False
        is_right = port_is_right and parts.hostname and not parts.username and not parts.fragment
        if not (
            is_right and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))
        ):
            raise InvalidSetting(
                f"webhook_urls has an address that is neither https nor http on this machine, or has a name or password"
                f" in it: {_shortened(url)}. Expected one like https://tickets.intranet/citewell."
            )
    for event in settings.webhook_events:
        if event not in WEBHOOK_EVENTS:
            raise InvalidSetting(f"webhook_events has {event!r}; expected any of {', '.join(WEBHOOK_EVENTS)}.")
    if settings.webhook_urls and len(settings.webhook_secret) < _LEAST_WEBHOOK_SECRET:
        raise InvalidSetting(
            f"webhook_secret has {len(settings.webhook_secret)} characters; expected {_LEAST_WEBHOOK_SECRET} or more,"
            " such as `openssl rand -hex 32` gives."
        )


def _shortened(url: str) -> str:
    """An address without what may be secret in it."""
    return url.rpartition("@")[2][:60]


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_ranges(settings: Settings) -> None:
    """Raise InvalidSetting for the first field that is out of its range."""
    for each in fields(settings):
        value, least, most = getattr(settings, each.name), each.metadata.get("least"), each.metadata.get("most")
        if least is None or value is None:
            continue
        if not (least <= value and (most is None or value <= most)):
            expected = f"{least} or more" if most is None else f"{least} to {most}"
            default = ", or -1 for the default" if each.default is None else ""
            raise InvalidSetting(f"{each.name} is {value}; expected {expected}{default}.")


def _secrets_from_files(values: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of which a file is named. Raises InvalidSetting for a file that does not say it, or not alone."""
    found = {}
    for name in _SECRETS_IN_FILES:
        path = values.get(f"{name}_file")
        if path is None:
            continue
        if values.get(name):
            raise InvalidSetting(f"{name} and {name}_file are both set; expected one of them.")
        try:
            found[name] = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSetting(f"{name}_file is {path}, which cannot be read: {error}.") from error
        if not found[name]:
            raise InvalidSetting(f"{name}_file is {path}, which is empty; expected the secret.")
    return found


def _parse(variable: str, raw: str, kind: Any) -> Any:
    """The value of one environment variable, as the field's type."""
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[raw.strip().lower()]
        if kind is int:
            return int(raw)
        if kind == float | None:
            return None if float(raw) == -1 else float(raw)
        if kind is Path or kind == Path | None:
            return Path(raw)
        if kind == tuple[str, ...]:
            return tuple(part.strip() for part in raw.split(",") if part.strip())
        return raw
    except (KeyError, ValueError) as error:
        expected = {bool: "true or false", int: "a whole number"}.get(kind, "a number")
        raise InvalidSetting(f"{variable} is {raw!r}; expected {expected}.") from error
