"""How the platform is built: the only place that creates resources, one component a file."""

from components.asked import Asked, asked_config
from components.buildable import buildable, require_room
from components.cluster import reachable, require_addons
from components.gateway import Gateway, GatewayArgs
from components.model_store import fill_store
from components.monitoring import place_monitoring
from components.platform import place_platform
from components.services import place_services
from components.stack_namespace import StackNamespace

__all__ = [
    "Asked",
    "Gateway",
    "GatewayArgs",
    "StackNamespace",
    "asked_config",
    "buildable",
    "fill_store",
    "place_monitoring",
    "place_platform",
    "place_services",
    "reachable",
    "require_addons",
    "require_room",
]
