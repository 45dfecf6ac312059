"""The feed over HTTP: tokens, deadlines, retries, and what each answer means."""
