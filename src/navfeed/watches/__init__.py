"""Watches: what to notify people of, what they were notified of, and the channels."""
