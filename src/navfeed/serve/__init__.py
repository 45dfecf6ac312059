"""`navfeed serve`: the store over HTTP, read only. Imported by nothing but its command."""
