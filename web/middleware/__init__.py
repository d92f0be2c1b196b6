"""The layers around the routes: who is let in, and how much each may ask."""
