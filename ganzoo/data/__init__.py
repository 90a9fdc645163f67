"""Data sets: where files come from, what their names say, how they are decoded, and what a recipe sees of them.

sources     folders, archives, or two of them, as named files; idx, the format of MNIST
layout      what names say: classes, partners, who is held out
wishes      what a recipe's config says of its data
decode      one file -> one uint8 tensor; pictures, many of them in memory or on disk
datasets    pictures -> batches
opening     a path -> `Data`; notes, what the user is told of it
clips       the same for clips: films, cut out of videos; moving, pictures set in motion
shards      tar files of samples; passes, their order; streams, what training sees of them
"""
