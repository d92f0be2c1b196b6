"""The REST API: a file for each subject. Parse, one call of the library, render."""
