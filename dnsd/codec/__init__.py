"""Every outside shape of a value: wire format, master files, JSON documents, Kubernetes manifests. Pure."""
