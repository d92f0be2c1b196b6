"""Words, values and statements of a text, compared. Knows nothing of documents."""
