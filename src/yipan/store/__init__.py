"""What was known, and when: PostgreSQL, acts, history, rights, the identity vault."""
