"""What each kind of thing must be: the only folder that a plugin author has to read."""
