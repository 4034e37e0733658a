"""How the platform is built: the only place that creates resources, one component a file."""

from components.buildable import buildable
from components.cluster import Cluster, reachable
from components.gateway import Gateway, GatewayArgs
from components.model_store import ModelStore, ModelStoreArgs, fill_store
from components.monitoring import Monitoring, MonitoringArgs
from components.services import place_services
from components.stack_namespace import StackNamespace

__all__ = [
    "Cluster",
    "Gateway",
    "GatewayArgs",
    "ModelStore",
    "ModelStoreArgs",
    "Monitoring",
    "MonitoringArgs",
    "StackNamespace",
    "buildable",
    "fill_store",
    "place_services",
    "reachable",
]
