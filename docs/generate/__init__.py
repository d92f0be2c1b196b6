"""The parts of the documentation that the program knows better than anybody: commands, requests, settings."""
