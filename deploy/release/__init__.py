"""What is given out, and what is said of it: the wheel, the bundle for places without a network, the bill of materials.

These are for whoever makes a release; nothing of it is installed. Each file is run as `python -m deploy.release.NAME`
where `make install` was, and the Makefile has a task for each.
"""
