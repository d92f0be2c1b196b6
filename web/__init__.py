"""The web edge of Citewell: HTTP in, one call of the library, HTML or JSON out."""
