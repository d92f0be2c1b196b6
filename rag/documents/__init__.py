"""Stored documents as their readers look at them."""
