"""Rules as pure functions of facts, rulebook and moment."""
