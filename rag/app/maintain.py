"""The nightly care of a data directory: verify, checkpoint, retention, backup, drill, room; one run at a time.

A server may go on meanwhile. What one step cannot do is said in the report, and the others are done all the same.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rag.app.citewell import Citewell
from rag.app.drill import Drill, backups_in, newest_backup
from rag.app.maintenance_report import (
    MaintenanceReport,
    MaintenanceStep,
    StepOutcome,
    iso_now,
    save_report,
    try_step,
)
from rag.disk import make_private_directory, storage_error
from rag.errors import StorageBusy
from rag.settings import Settings

_LOCK_NAME = "maintain.lock"


def maintain(citewell: Citewell) -> MaintenanceReport:
    """Look after the data directory of `citewell` as its settings say, and keep the report there.

    Raises StorageBusy while another run is at it, and StorageError when the report cannot be kept.
    """
    settings = citewell.settings
    with _alone(settings.data_dir):
        started = iso_now()
        steps: list[MaintenanceStep] = []
        for name, step in (
            ("verify", lambda: _verify(citewell)),
            ("audit", lambda: _check_audit(citewell)),
            ("retention", lambda: _apply_retention(citewell)),
            ("checkpoint", lambda: _checkpoint(citewell)),
            ("backup", lambda: _back_up(citewell, is_sound=all(done.ok for done in steps))),
            ("drill", lambda: _drill(citewell, is_made=steps[-1].ok)),
            ("room", lambda: _look_for_room(settings)),
        ):
            steps.append(try_step(name, step))
        report = MaintenanceReport(started, iso_now(), tuple(steps))
        save_report(settings.data_dir, report)
    return report


def _verify(citewell: Citewell) -> StepOutcome:
    checks = citewell.maintenance.check()
    bad = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
    return not bad, "; ".join(bad) or f"{len(checks)} checks hold: {', '.join(check.name for check in checks)}"


def _check_audit(citewell: Citewell) -> StepOutcome:
    if not citewell.audit.is_on:
        return True, "nothing is put down (CITEWELL_AUDIT)"
    report = citewell.audit.check()
    faults = [f"{each.file}, line {each.line}: {each.what}" for each in report.troubles if each.is_fault]
    return report.is_sound, "; ".join(faults) or f"{report.lines:,} lines are as they were written"


def _apply_retention(citewell: Citewell) -> StepOutcome:
    gone = citewell.conversations.apply_retention()
    citewell.insights.apply_retention()
    files = citewell.audit.remove_old()
    said = [f"{count:,} {what}" for what, count in (*gone.items(), ("files of the audit log", len(files)))]
    return True, f"deleted: {', '.join(said)}; kept questions by their days"


def _checkpoint(citewell: Citewell) -> StepOutcome:
    left = citewell.store.merge_log()
    if left:
        return True, f"{left:,} bytes of the log are left for the next time, as somebody is reading"
    return True, "the log is merged into the database"


def _back_up(citewell: Citewell, *, is_sound: bool) -> StepOutcome:
    """A new backup, and the oldest ones away beyond so many: not while something is wrong, as they may be needed."""
    folder, most = citewell.settings.backup_folder, citewell.settings.keep_backups
    if folder is None:
        return True, "none was made: CITEWELL_BACKUP_FOLDER names no folder"
    make_private_directory(folder)
    recipients = citewell.settings.backup_recipients
    name = f"citewell-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite"
    target = folder / (f"{name}.age" if recipients else name)
    size = citewell.maintenance.back_up(target, encrypt_to=recipients)
    told = f"{target.name}, {size:,} bytes" + (f", encrypted to {len(recipients)} keys" if recipients else "")
    if not is_sound:
        return True, f"{told}; no older one was deleted, as something is wrong"
    old = backups_in(folder)[:-most]
    for path in old:
        try:
            path.unlink()
        except OSError as error:
            raise storage_error(error, path) from error
    return True, f"{told}, read back; {len(old)} older ones deleted, the last {most} kept"


def _drill(citewell: Citewell, *, is_made: bool) -> StepOutcome:
    """The backup of this run, put to the test."""
    settings = citewell.settings
    if not settings.drill_backups or settings.backup_folder is None:
        return True, "no backup was restored to try it (CITEWELL_DRILL_BACKUPS)"
    if not is_made:
        return False, "there is no backup of this run to try"
    report = Drill(newest_backup(settings), settings, citewell.beside, citewell).run()
    return report.ok, "; ".join(f"{step.name}: {step.detail}" for step in report.steps if step.ok is report.ok)


def _look_for_room(settings: Settings) -> StepOutcome:
    free = shutil.disk_usage(settings.data_dir).free // 1_000_000
    enough = free >= settings.min_free_megabytes
    return enough, f"{free:,} MB are free" + ("" if enough else f"; expected {settings.min_free_megabytes:,} or more")


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Keep other runs away. The lock is the system's, so a run that was killed leaves nothing to clean up."""
    path = data_dir / _LOCK_NAME
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise StorageBusy(f"Another `rag maintain` is at work on {data_dir}. Let it finish.") from error
    try:
        yield
    finally:
        os.close(lock)
