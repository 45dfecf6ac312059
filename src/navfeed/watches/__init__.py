"""Watches: saved searches, what their subscribers know, and the channels that notify them."""
