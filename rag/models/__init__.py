"""The embedding model and the reader: found, exported once, loaded, and run on threads that they share."""
