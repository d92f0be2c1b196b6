"""Citewell's library: knows nothing of HTTP or the terminal."""
