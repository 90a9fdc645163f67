"""Data sets: where files come from, what their names mean, how they are decoded, and what a recipe trains on.

open_data         paths and a recipe's options -> `Data`; one module for each kind: open_images, open_pairs,
                  open_unpaired, open_clips, open_shards
config, request   the options of a recipe that concern its data; what is asked of one data set
sources           folders, archives, or two of them, as named files; idx, the format of MNIST
class_folders     what names mean: classes; pairs: inputs and targets; splitting: training and validation
preprocessing     one file -> one uint8 tensor, scaled and cropped; image_stores, many of them in memory or on disk
datasets          images -> augmented batches; labeled_images, before they are split
videos            videos -> frames; video_clips, cut out of them; moving_images, images that move over a canvas
shards            tar files of samples; shard_shuffling, their order; shard_samples, decoded; streams, trained on
descriptions      what the user is told about the data; listing, long lists of names
"""
