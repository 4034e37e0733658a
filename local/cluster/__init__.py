"""A real one-node Kubernetes on this machine, in Linux namespaces of its own.

The node is one process tree: `node.py` is its first process (PID 1 of a PID namespace) and supervises etcd, the
control plane, containerd, kubelet and kube-proxy inside its own network and mount namespaces. The kernel therefore
guarantees what a clean-up script could only try: when that first process ends, every process, mount, bridge and
netfilter rule of the cluster ends with it (docs/decisions/0002).
"""
