"""Exports: one small writer for each format, streaming, UTF-8 whatever the locale."""
