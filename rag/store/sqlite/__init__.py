"""The store in one SQLite file: each file here is one kind of rows, or one duty of the database."""
