"""Rows and records, the same for every database: which columns are read, what records they make, what is written."""
