"""How the platform runs without a cloud: the toolchain, container images and an embedded Kubernetes node."""
