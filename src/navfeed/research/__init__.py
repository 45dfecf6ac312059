"""Figures over time, the quality of the data, and derived facts. Pure."""
