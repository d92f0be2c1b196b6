"""Web pages, and other formats that hold HTML."""
