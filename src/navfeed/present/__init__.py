"""What is shown: words, pages, tables, bars and the log of runs."""
