"""What image files contain: headers, metadata, color profiles, and pixels that Pillow reads only in part.

`detection.read` finds the format by the first bytes of a file and calls that format's module: png, jpeg, gif, bmp, webp
or tiff_container. A new format is one more module, and one more line in `detection`.
"""
