"""Forwarding: names that are not ours, asked of upstreams on behalf of clients that may have that."""
