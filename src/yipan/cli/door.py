"""What every command shares: the post it works at, moments as they are typed, answers as they are printed."""
