"""Every image that the embedded cluster runs from. To add one: a literal here."""

from local.images.binary import BinaryImage
from local.images.envoy import EnvoyImage
from local.images.triton import TritonImage
from local.toolchain.catalogue import (
    ALERTMANAGER,
    COREDNS,
    ENVOY_GATEWAY,
    KEDA,
    METRICS_SERVER,
    NETWORK_POLICIES,
    PAUSE,
    PROMETHEUS,
    PROMETHEUS_OPERATOR,
)

Image = BinaryImage | EnvoyImage | TritonImage

NOBODY = "65532:65532"

IMAGES: dict[str, Image] = {
    image.name: image
    for image in (
        BinaryImage(name="pause", tool=PAUSE, binary="pause", user=NOBODY),
        BinaryImage(name="coredns", tool=COREDNS, binary="coredns", user=NOBODY),
        # Programs the node's firewall, which takes root with the one capability that its pod gives it.
        BinaryImage(name="network-policies", tool=NETWORK_POLICIES, binary="kube-network-policies", user="0:0"),
        BinaryImage(name="envoy-gateway", tool=ENVOY_GATEWAY, binary="envoy-gateway", user=NOBODY),
        BinaryImage(name="keda", tool=KEDA, binary="keda", user=NOBODY),
        BinaryImage(name="keda-adapter", tool=KEDA, binary="keda-adapter", user=NOBODY),
        BinaryImage(name="prometheus-operator", tool=PROMETHEUS_OPERATOR, binary="prometheus-operator", user=NOBODY),
        BinaryImage(
            name="prometheus-config-reloader",
            tool=PROMETHEUS_OPERATOR,
            binary="prometheus-config-reloader",
            user=NOBODY,
        ),
        BinaryImage(name="prometheus", tool=PROMETHEUS, binary="prometheus", user=NOBODY),
        BinaryImage(name="alertmanager", tool=ALERTMANAGER, binary="alertmanager", user=NOBODY),
        BinaryImage(name="metrics-server", tool=METRICS_SERVER, binary="metrics-server", user=NOBODY),
        EnvoyImage(),
        TritonImage(),
    )
}
