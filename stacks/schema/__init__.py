"""What a stack may say: typed, checked, and refused with reasons before any resource is touched."""

from stacks.schema.addons import Addons, HelmAddons, PreinstalledAddons
from stacks.schema.base import Name, Spec
from stacks.schema.batching import Batching
from stacks.schema.budget import Budget
from stacks.schema.canary import Canary
from stacks.schema.cluster import (
    KUBERNETES_VERSIONS,
    Cluster,
    EksCluster,
    ExistingCluster,
    LocalCluster,
    Network,
    SystemInstanceType,
)
from stacks.schema.eks_checks import SERVICE_CIDR
from stacks.schema.emergency import Emergency
from stacks.schema.engine import MIN_COMPUTE_CAPABILITY, Engine, OnnxRuntime, Precision, Profile, Python, TensorRt
from stacks.schema.gateway import GATEWAY_NAME, HTTP_PORT, HTTPS_PORT, Gateway, Limits, Tls
from stacks.schema.gpu_pool import GPU_INSTANCES, Gpu, GpuInstance, GpuPool, InstanceType, Nodes
from stacks.schema.images import ImageReference, Images, nvidia_release
from stacks.schema.model_repository import ModelRepository, S3Repository, VolumeClaim, VolumeRepository
from stacks.schema.monitoring import Monitoring
from stacks.schema.parsing import parse
from stacks.schema.problem import Problem, StackError
from stacks.schema.scaling import Pace, PendingRequests, QueueTime, Replicas, Scaling, Signal, Utilisation
from stacks.schema.service import Capacity, Resources, Service
from stacks.schema.slo import LATENCY_BUCKETS_MS, Latency, Slo
from stacks.schema.stack import STACK_TYPE, Stack
from stacks.schema.traffic import RateLimit, Traffic

__all__ = [
    "GATEWAY_NAME",
    "GPU_INSTANCES",
    "HTTPS_PORT",
    "HTTP_PORT",
    "KUBERNETES_VERSIONS",
    "LATENCY_BUCKETS_MS",
    "MIN_COMPUTE_CAPABILITY",
    "SERVICE_CIDR",
    "STACK_TYPE",
    "Addons",
    "Batching",
    "Budget",
    "Canary",
    "Capacity",
    "Cluster",
    "EksCluster",
    "Emergency",
    "Engine",
    "ExistingCluster",
    "Gateway",
    "Gpu",
    "GpuInstance",
    "GpuPool",
    "HelmAddons",
    "ImageReference",
    "Images",
    "InstanceType",
    "Latency",
    "Limits",
    "LocalCluster",
    "ModelRepository",
    "Monitoring",
    "Name",
    "Network",
    "Nodes",
    "OnnxRuntime",
    "Pace",
    "PendingRequests",
    "Precision",
    "PreinstalledAddons",
    "Problem",
    "Profile",
    "Python",
    "QueueTime",
    "RateLimit",
    "Replicas",
    "Resources",
    "S3Repository",
    "Scaling",
    "Service",
    "Signal",
    "Slo",
    "Spec",
    "Stack",
    "StackError",
    "SystemInstanceType",
    "TensorRt",
    "Tls",
    "Traffic",
    "Utilisation",
    "VolumeClaim",
    "VolumeRepository",
    "nvidia_release",
    "parse",
]
