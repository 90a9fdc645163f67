"""Large pictures in parts: exactly, in strips, or approximately, in tiles that overlap."""
