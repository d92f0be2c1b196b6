"""The commands of the audit log: checked, shown, written out, a question asked again, old files removed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rag.access.audit import AuditEvent, AuditKind, AuditLog, check_log
from rag.access.audit.log_formats import as_csv, as_json_lines
from rag.access.audit.reading import AuditEntry, AuditFilter, read_log
from rag.access.audit_service import about_lines, policy_of
from rag.cli.console import BY_COMMAND, AsJson, DataDir, err, make_settings, opened, out, print_json
from rag.disk import storage_error
from rag.errors import InvalidSetting, StorageError

audit = typer.Typer(help="Who did what, and what they were shown: check, write out, ask again.", no_args_is_help=True)

_SHOWN = 50
_FORMATS = {"json": as_json_lines, "csv": as_csv}

SinceOption = Annotated[str, typer.Option(help="From this day or moment on, UTC: 2026-11-27 or 2026-11-27T13:00:00.")]
UntilOption = Annotated[str, typer.Option(help="Before this day or moment, UTC.")]
PersonOption = Annotated[str, typer.Option(help="Only what this person did, or what was done to them; or a pseudonym.")]
KindOption = Annotated[str, typer.Option(help="Only events of this kind, such as asked or signed_in.")]


@audit.command("verify")
def verify_log(
    noted: Annotated[
        str, typer.Option("--noted", help="NUMBER:HASH of a line, as noted earlier: it has to be in the log.")
    ] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check that every line is as it was written and none is missing. Exits with 1 when one is not."""
    report = check_log(_log(data_dir).folder, noted=_noted(noted))
    if as_json:
        troubles = [{"file": t.file, "line": t.line, "what": t.what, "fault": t.is_fault} for t in report.troubles]
        body = {"sound": report.is_sound, "lines": report.lines, "first": report.first, "last": report.last}
        print_json(body | {"hash": report.hash, "files": report.files, "troubles": troubles})
    else:
        for trouble in report.troubles:
            place = f"{trouble.file}, line {trouble.line}: " if trouble.line else ""
            out.print(Text(f"{'DAMAGED' if trouble.is_fault else 'told of':<8} {place}{trouble.what}"))
        what = f"{report.lines:,} lines in {report.files:,} files, {report.first} to {report.last}"
        out.print(Text(f"{'ok' if report.is_sound else 'DAMAGED':<8} {what}"))
        if report.lines:
            out.print(Text(f"         To be noted elsewhere, for --noted: {report.last}:{report.hash}"))
    if not report.is_sound:
        raise typer.Exit(1)


@audit.command("show")
def show_log(
    since: SinceOption = "",
    until: UntilOption = "",
    person: PersonOption = "",
    kind: KindOption = "",
    limit: Annotated[int, typer.Option(min=1, help="The last so many lines.")] = _SHOWN,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the last lines that are wanted, oldest first."""
    log = _log(data_dir)
    wanted = _filter(since, until, person, kind)
    found = list(read_log(log.folder, log.keys, wanted))[-limit:]
    facts = about_lines(wanted, len(found)) | {"what": "lines"}
    log.note(AuditEvent(AuditKind.LOG_READ, method=BY_COMMAND.method, whom=_whom(log, person), facts=facts))
    if as_json:
        print_json({"entries": [entry.body() for entry in found]})
        return
    for entry in found:
        out.print(Text(_line(entry)))


@audit.command("export")
def export_log(
    target: Annotated[Path | None, typer.Argument(help="The file to write; without it, the output.")] = None,
    form: Annotated[str, typer.Option("--format", help="json: a JSON object a line; or csv.")] = "json",
    since: SinceOption = "",
    until: UntilOption = "",
    person: PersonOption = "",
    kind: KindOption = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write out the lines that are wanted, with the names of persons as far as they are known."""
    if form not in _FORMATS:
        raise InvalidSetting(f"--format is {form!r}; expected {' or '.join(_FORMATS)}.")
    log = _log(data_dir)
    wanted = _filter(since, until, person, kind)
    entries = read_log(log.folder, log.keys, wanted)
    count = _write(target, _FORMATS[form](entries)) - (1 if form == "csv" else 0)
    facts = about_lines(wanted, count) | {"format": form}
    log.write(AuditEvent(AuditKind.LOG_EXPORTED, method=BY_COMMAND.method, whom=_whom(log, person), facts=facts))
    if as_json and target is not None:
        print_json({"file": str(target), "lines": count})
    elif target is not None:
        err.print(Text(f"{target}: {count:,} lines."))


@audit.command("replay")
def replay_line(
    line: Annotated[int, typer.Argument(min=1, help="The number of the line with the question.")],
    question: Annotated[str, typer.Option(help="The question, where the log does not hold its text.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question of the log again, and say whether the same quotes come out. Exits with 1 when others do."""
    with opened(data_dir) as citewell:
        found = citewell.audit.replay(line, ask=citewell.questions.ask, question=question)
    if as_json:
        body: dict[str, object] = {"line": found.number, "same": found.is_same, "reason": found.reason}
        body |= {"changed": found.changed, "missing": found.missing, "was": found.was, "is_now": found.is_now}
        print_json(body | {"status_was": found.status_was, "status_now": found.status_now})
    else:
        out.print(Text(f"{'same' if found.is_same else 'DIFFERENT'}: {found.reason}"))
        for name, ids in (("has another text by now", found.changed), ("is gone", found.missing)):
            for document_id in ids:
                out.print(Text(f"  {document_id} {name}"))
        if not found.is_same:
            out.print(Text(f"  was:    {found.status_was} {' '.join(found.was)}"))
            out.print(Text(f"  is now: {found.status_now} {' '.join(found.is_now)}"))
    if not found.is_same:
        raise typer.Exit(1)


@audit.command("prune")
def prune_log(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove the files that are older than CITEWELL_KEEP_AUDIT_DAYS; what is left can be checked as before."""
    removed = _log(data_dir).remove_old(method=BY_COMMAND.method)
    if as_json:
        print_json({"removed": removed})
    else:
        out.print(Text(f"{len(removed):,} files removed."))


def _log(data_dir: Path | None) -> AuditLog:
    """The audit log of the settings; it needs neither the documents nor a model."""
    settings = make_settings(data_dir)
    return AuditLog(settings.data_dir / "audit", policy_of(settings))


def _whom(log: AuditLog, person: str) -> str:
    """Whose lines are looked at; nobody becomes known to the log by being looked for."""
    return person if person and log.keys.find(person) else ""


def _filter(since: str, until: str, person: str, kind: str) -> AuditFilter:
    """Raises InvalidSetting for a kind that there is none of."""
    if kind and kind not in list(AuditKind):
        raise InvalidSetting(f"kind is {kind!r}; expected one of {', '.join(AuditKind)}.")
    return AuditFilter(since, until, person, kind)


def _noted(text: str) -> tuple[int, str] | None:
    """12:ab... -> (12, "ab..."). Raises InvalidSetting for anything else."""
    number, _, digest = text.partition(":")
    if not text:
        return None
    if not number.isdecimal() or len(digest) != 64:
        raise InvalidSetting(f"--noted is {text!r}; expected NUMBER:HASH, as `rag audit verify` printed it.")
    return int(number), digest


def _write(target: Path | None, lines: Iterable[str]) -> int:
    """Write to a new file for this user alone, or to the output; how many lines. Raises StorageError."""
    if target is None:
        return sum(1 for line in lines if sys.stdout.write(line))
    try:
        target.touch(mode=0o600, exist_ok=False)
        with target.open("w", encoding="utf-8") as file:
            return sum(1 for line in lines if file.write(line))
    except FileExistsError as error:
        raise StorageError(f"{target} is there already; name a file that is not.") from error
    except OSError as error:
        raise storage_error(error, target) from error


def _line(entry: AuditEntry) -> str:
    """An entry as people read it: what is not to be printed is escaped."""
    facts = {name: value for name, value in entry.facts.items() if name not in ("passages", "documents")}
    parts = [str(entry.number), entry.at[:19], entry.kind, entry.person or "-", entry.method, entry.address]
    parts += [f"-> {entry.whom}"] if entry.whom else []
    parts += [repr(entry.question)] if entry.question else []
    text = " ".join(part for part in [*parts, str(facts) if facts else ""] if part)
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
