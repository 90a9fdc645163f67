"""Files: written completely or not at all, hashed, and where ganzoo's cache is."""
