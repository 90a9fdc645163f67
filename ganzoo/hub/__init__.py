"""The Hugging Face Hub: the only package that touches a network."""
