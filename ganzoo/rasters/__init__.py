"""Images of any channels whose values mean something: `Channel` and `Raster`."""
