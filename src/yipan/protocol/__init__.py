"""Rules: what shall be done, with its source."""
