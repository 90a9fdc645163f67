"""A web page for one model on this machine: `serving.serve`. It is built with Gradio, imported only when needed."""
