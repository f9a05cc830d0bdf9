"""Door two: the admin API over HTTP."""
