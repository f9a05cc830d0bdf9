"""The shared truth: a Redis or Valkey server, ours (embedded) or the operator's."""
