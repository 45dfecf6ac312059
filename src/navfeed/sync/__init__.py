"""The engine: walk the pages, apply them to the store, fetch the details that are wanted."""
