"""What contacts and erased people leave: matching, redacting, erasing."""
