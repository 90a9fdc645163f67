"""Files: written whole or not at all, hashed, and where ganzoo keeps its own."""
