"""The duties of the command post, one file per desk. Read `day` first."""
