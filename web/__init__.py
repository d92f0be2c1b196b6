"""The web edge of Citewell: HTTP in, one pipeline call, HTML or JSON out."""
