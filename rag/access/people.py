"""Everything about who may sign in, over one store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from rag.access.accounts import Accounts, PutDown
from rag.access.keys import Keys
from rag.access.sessions import Lifetimes, Sessions
from rag.settings import Settings
from rag.store.people_store import PeopleStore


@dataclass(frozen=True, slots=True)
class People:
    """Accounts, the browsers that they have signed in with, and the keys of their programs."""

    accounts: Accounts
    sessions: Sessions
    keys: Keys

    @classmethod
    def over(cls, store: PeopleStore, settings: Settings, put_down: PutDown) -> Self:
        """Those of a store; `put_down` tells the audit log what was done to whom."""
        lifetimes = Lifetimes(settings.session_idle_hours * 3_600, settings.session_days * 86_400)
        return cls(Accounts(store, put_down=put_down), Sessions(store, lifetimes), Keys(store, put_down=put_down))
