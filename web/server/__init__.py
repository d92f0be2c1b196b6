"""The server around the application: connections with limits, an end that comes in time, a log that stays small."""
