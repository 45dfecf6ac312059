"""What changed in a store: read batch by batch, and written for other programs."""
