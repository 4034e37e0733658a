"""A Deployment of the image that the stack's config names, rendered to files instead of a cluster."""

import pulumi
from pulumi_kubernetes import Provider, apps, core, meta

config = pulumi.Config()
labels = {"app": "web"}
files = Provider("files", render_yaml_to_directory=config.require("folder"))
apps.v1.Deployment(
    "web",
    spec=apps.v1.DeploymentSpecArgs(
        selector=meta.v1.LabelSelectorArgs(match_labels=labels),
        template=core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(labels=labels),
            spec=core.v1.PodSpecArgs(
                containers=[core.v1.ContainerArgs(name="web", image=config.require("image"))],
            ),
        ),
    ),
    opts=pulumi.ResourceOptions(provider=files),
)
