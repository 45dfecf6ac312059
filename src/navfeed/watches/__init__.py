"""Watches: what somebody wants to be told of, what was told, and the ways to tell it."""
