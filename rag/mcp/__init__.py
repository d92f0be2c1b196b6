"""The Model Context Protocol: assistants of any maker ask, search, open citations and check them.

Nothing outside imports this at its start: the SDK takes a while, and is installed with the extra `mcp` only.
"""
