"""Files that one node hands to the others: they read and embed them, and it stores what comes of that."""
