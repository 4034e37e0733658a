"""How the platform is built: the only place that creates resources, one component a file."""

from components.buildable import buildable
from components.cluster import Cluster, reachable
from components.model_store import ModelStore, ModelStoreArgs, fill_store
from components.stack_namespace import StackNamespace
from components.triton_server import TritonServer, TritonServerArgs

__all__ = [
    "Cluster",
    "ModelStore",
    "ModelStoreArgs",
    "StackNamespace",
    "TritonServer",
    "TritonServerArgs",
    "buildable",
    "fill_store",
    "reachable",
]
