"""What arrives from outside: validated whole, committed whole, with a receipt."""
