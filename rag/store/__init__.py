"""The store: documents, sentences, chunks and their vectors, with full-text search over them.

`base` says what can be asked of it; `sqlite` does it, and has the only SQL in the project. The database is the source
of truth: the word index inside it and the vector index beside it can both be made again from it. The store does not
read files, split, embed or rank.
"""
