"""Operations: checks, metrics, restoring, scheduling, and messages to systemd."""
