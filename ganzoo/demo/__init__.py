"""A page for one model on this machine: `serving.serve`. Gradio makes it, and is imported when it is asked for."""
