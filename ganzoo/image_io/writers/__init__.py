"""Writers of the image formats that Pillow writes only in part."""
