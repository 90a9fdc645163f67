"""What lies within picture files: containers, tags, profiles, and the kinds that Pillow reads or writes in part."""
