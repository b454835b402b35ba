"""Documents that a model wrote, in a frame that they cannot leave."""
