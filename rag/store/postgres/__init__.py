"""The store in PostgreSQL, for several machines over one database. The only SQL of it."""
