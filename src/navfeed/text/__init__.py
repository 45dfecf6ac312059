"""Plain text, HTML, dates and word stems."""
