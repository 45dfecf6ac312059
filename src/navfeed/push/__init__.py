"""Keep databases and search engines that many machines read equal to the store."""
