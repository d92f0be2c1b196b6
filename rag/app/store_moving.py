"""Everything of one store moved into another, empty one: there and back, gone on with after a break, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from rag.app.store_opening import open_with_tables
from rag.errors import InputError, ModelMismatch, StorageDamaged
from rag.settings import Settings
from rag.store.base import Store
from rag.store.table_copy import Counted, TableSum, copy_rows, sums_of

_SCHEMES = ("postgresql://", "postgres://")


def move_store(settings: Settings, to: str, *, counted: Counted | None = None) -> list[TableSum]:
    """Copy all rows of the store of the settings to `to`; the sums of its tables, which are the same in both.

    `to` is the address of a PostgreSQL database, or a data directory. Nobody may write to either meanwhile. What was
    broken off goes on when it is asked for again. The source stays as it is. Raises InputError where the target holds
    something else, ModelMismatch where it is bound to another model, StorageBusy, StorageError.
    """
    database, data_dir = (to, settings.data_dir) if to.startswith(_SCHEMES) else ("", Path(to))
    if (database or data_dir.absolute()) == (settings.database or settings.data_dir.absolute()):
        raise InputError(f"{data_dir} is where the documents are already. Name another place to move them to.")
    with ExitStack() as open_ones:
        source, rows = open_with_tables(settings.data_dir, settings.database, create=False)
        open_ones.callback(source.close)
        target, copy = open_with_tables(data_dir, database, create=True)
        open_ones.callback(target.close)
        for store in (source, target):
            open_ones.enter_context(store.write_lock())
        open_ones.enter_context(source.snapshot())
        begun = copy.half_moved()
        name = f"{source.database_id} at change {source.change_number()}"
        if begun != name:
            _refuse_filled(source, target, list(sums_of(copy)), begun)
            copy.set_half_moved(name)
        copy_rows(rows, copy, counted=counted)
        sums = list(_compared(list(sums_of(rows)), list(sums_of(copy))))
        copy.set_half_moved("")
    return sums


def _refuse_filled(source: Store, target: Store, sums: list[TableSum], begun: str) -> None:
    """Raise InputError unless nothing is in the target, ModelMismatch when it is for another model."""
    ours, theirs = source.model(), target.model()
    if theirs is not None and ours != theirs:
        raise ModelMismatch(
            f"The target is for vectors of the model {theirs.name} ({theirs.sha256[:12]}), and these are of"
            f" {ours.name if ours else 'none'}. Name an empty database or directory."
        )
    filled = [one.table for one in sums if one.rows and one.table != "facts"]
    if begun or filled:
        what = "half of another move, or of this one from before the documents changed" if begun else ", ".join(filled)
        raise InputError(f"The target is not empty: it holds {what}. Name an empty database or directory.")


def _compared(ours: list[TableSum], theirs: list[TableSum]) -> Iterator[TableSum]:
    """The sums. Raises StorageDamaged where they are not the same."""
    for one, other in zip(ours, theirs, strict=True):
        if one != other:
            raise StorageDamaged(
                f"{one.table} came out otherwise: {one.rows} rows with the sum {one.sha256[:12]}, and {other.rows} with"
                f" {other.sha256[:12]}. Somebody may have written meanwhile; empty the target and begin again."
            )
        yield one
