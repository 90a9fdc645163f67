"""Many images: one after another, in several processes, on many machines."""
