"""How many files, connections among them, this process may have open."""

from __future__ import annotations

import sys

_MANY = 65_536
# The database (each connection to it has three files), the index, pipes, standard streams.
_OTHER_FILES = 256
_FEWEST_CONNECTIONS = 16


def raise_open_files() -> int:
    """Raise this process's limit of open files as far as it may itself, to 65,536 at most; what it is then."""
    if sys.platform == "win32":
        return _MANY
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return _MANY if soft == resource.RLIM_INFINITY else soft


def room_for_connections(wanted: int, open_files: int) -> int:
    """How many of the connections wanted there can be where so many files may be open."""
    return max(_FEWEST_CONNECTIONS, min(wanted, open_files - _OTHER_FILES))
