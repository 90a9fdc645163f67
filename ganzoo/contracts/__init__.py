"""What each kind of thing must be. This is the only folder that a plugin author has to read.

`entry`, `family`, `config` and `limits` say how a plugin declares what it adds, `hookspecs` how ganzoo asks for it.
Each other module defines one kind: `generator`, `discriminator`, `loss`, `recipe`, `extractor`, `feature_maps`,
`engine` (with file formats), `importer`, `reader` and `writer`. `tasks` lists what generators can do. Images are
float32 (N, C, H, W) in [-1, 1]; what each channel stands for in a file is a `ganzoo.Channel`. What files hold is a
`ganzoo.Raster`.
"""
