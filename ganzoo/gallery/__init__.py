"""Every model's output on one page: `build_gallery.build_gallery`. How a model is shown depends on its task alone."""
