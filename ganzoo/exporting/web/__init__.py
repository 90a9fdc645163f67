"""A model as a folder for any static web server: a page that translates images in the visitor's browser."""
