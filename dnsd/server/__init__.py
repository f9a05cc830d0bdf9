"""Door one: DNS over UDP and TCP, and the feed that brings compiled nodes to the responders."""
