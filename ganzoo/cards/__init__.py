"""Model cards: what is known of published models, and the registry that lists them."""
