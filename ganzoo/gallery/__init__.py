"""Every model's work on one page: `making.make`. How a model is shown, its task says, never its name."""
