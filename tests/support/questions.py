"""What the scripted documents answer, for tests of the ways to ask."""

from __future__ import annotations

ANSWERED = "How big is the mirror?"
QUOTE = "The main telescope has a mirror 76 centimetres across."
TWO_QUOTES = "When is the dome open to visitors?"
MARKED_UP = "What is painted on the pier?"
DISAGREEING = "How long do the tours last?"
WITH_LEAD_IN = "What should I wear?"
POSSIBLE = "How far does it see?"
UNKNOWN = "Who sweeps the paths?"
FOLLOW_UP = "How wide is it?"
STAND_ALONE = "How wide is the mirror?"
