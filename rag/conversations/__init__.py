"""Conversations: kept, opened again, gone in time."""
