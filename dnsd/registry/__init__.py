"""What the product does: services and endpoints, leases, drains, and the mirror every answer comes from."""
