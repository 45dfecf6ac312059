"""Engines that many machines read from, kept as the store is."""
