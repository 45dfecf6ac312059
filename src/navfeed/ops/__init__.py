"""What operators look at: checks, metrics, and what systemd is told."""
