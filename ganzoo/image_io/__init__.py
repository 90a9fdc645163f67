"""Image and video files to arrays and tensors, and back: the only place that converts pixels."""
