"""Predictions of rasters measured in the units of their channels, on valid pixels, beside baselines.

image_pairs   predictions and truths in file values; sums, what every metric is computed from, image by image
ssim          structural similarity of such values; baselines, what costs nothing: copy, mean, linear regression
measures      sums -> metrics with intervals; pictures, what people look at; evaluate_rasters, all of it in order
"""
