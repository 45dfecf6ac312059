"""navfeed: an exact, lawful, queryable local copy of NAV's job vacancy feed."""

__version__ = "0.1.0"
