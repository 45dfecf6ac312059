"""Read the changes of a store batch by batch, and write them for other programs."""
