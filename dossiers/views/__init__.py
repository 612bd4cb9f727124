"""Pages, by who opens them."""
