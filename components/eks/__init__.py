"""The platform on AWS. Nothing else imports `pulumi_aws`, which takes 0.7 s: only EKS stacks pay for it."""

from components.eks.platform import EksPlatform

__all__ = ["EksPlatform"]
