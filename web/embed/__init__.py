"""An intranet page with Citewell in it, to try and to copy from: `python -m web.embed`."""
