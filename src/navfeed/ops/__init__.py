"""What operators need: the service, checks, metrics, restoring, and messages to systemd."""
