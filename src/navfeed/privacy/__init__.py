"""Find, redact and erase contacts and people."""
