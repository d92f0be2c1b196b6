"""Documents into the store: prepared in any thread, written one at a time."""
