"""References to models ready for use."""
