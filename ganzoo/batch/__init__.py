"""Many pictures: one after another, in several processes, on many machines."""
