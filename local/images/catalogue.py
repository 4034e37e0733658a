"""Every image that the embedded cluster runs from. To add one: a literal here."""

from local.images.binary import BinaryImage
from local.images.envoy import EnvoyImage
from local.images.triton import TritonImage
from local.toolchain.catalogue import COREDNS, ENVOY_GATEWAY, NETWORK_POLICIES, PAUSE

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
        EnvoyImage(),
        TritonImage(),
    )
}
