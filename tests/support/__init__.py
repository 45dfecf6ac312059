"""What the tests share: a lab in which a practice feed and a store meet."""
