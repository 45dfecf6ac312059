"""Figures over time, the quality of the data, and what they rest on. Pure."""
