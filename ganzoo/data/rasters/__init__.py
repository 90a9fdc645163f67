"""Training on images of any channels and depth: files -> items -> ranges -> windows in float32.

options     what is asked of such data; sides, which files are input and target, and which channels belong together
items       the images themselves, each with the group that is never parted; opened, files that are read in windows
ranges      the two file values of each channel that stand for -1 and 1, given or measured once
windows     random windows of the items -> batches; open_rasters, all of it in order
"""
