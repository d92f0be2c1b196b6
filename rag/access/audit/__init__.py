"""Who did what, and what they were shown: lines that are only ever added, each with the hash of the one before."""

from __future__ import annotations

from rag.access.audit.audit_check import AuditReport, AuditTrouble, check_log
from rag.access.audit.audit_log import AuditLog, AuditPolicy
from rag.access.audit.events import AuditEvent, AuditKind
from rag.access.audit.log_formats import as_csv, as_json_lines
from rag.access.audit.reading import AuditEntry, AuditFilter, read_log

__all__ = [
    "AuditEntry",
    "AuditEvent",
    "AuditFilter",
    "AuditKind",
    "AuditLog",
    "AuditPolicy",
    "AuditReport",
    "AuditTrouble",
    "as_csv",
    "as_json_lines",
    "check_log",
    "read_log",
]
