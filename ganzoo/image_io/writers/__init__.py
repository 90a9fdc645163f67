"""Writers for the image formats that Pillow supports only in part."""
