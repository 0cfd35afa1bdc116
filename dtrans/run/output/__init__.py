"""Records and aggregations as dtrace prints them."""
