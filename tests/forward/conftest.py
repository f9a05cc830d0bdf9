"""What tests of the forwarder may ask for."""

from upstreams import scripted

__all__ = ["scripted"]
