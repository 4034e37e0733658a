"""The bucket that models lie in, and who may read what of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import s3

from components.eks import iam
from model_repo import File, Repositories, Repository

OLD_VERSION_DAYS = 30
"""How long an object that was overwritten or deleted by mistake can be had back."""

ABANDONED_UPLOAD_DAYS = 2


@dataclass(frozen=True, kw_only=True)
class ModelBucketArgs:
    """The key its objects are encrypted with."""

    key_arn: pulumi.Input[str]


class ModelBucket(pulumi.ComponentResource):
    """Versioned, encrypted with the stack's key, closed to the public, to HTTP and to access lists."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ModelBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:ModelBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Protection is what keeps it. Once that is off, engines, which no resource stands for, go with the bucket.
        bucket = s3.Bucket(name, force_destroy=True, opts=pulumi.ResourceOptions(parent=self, protect=True))
        self.bucket_name, self.bucket_arn = bucket.bucket, bucket.arn
        s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        s3.BucketOwnershipControls(
            name,
            bucket=bucket.bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    bucket_key_enabled=True,
                    apply_server_side_encryption_by_default=s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="aws:kms", kms_master_key_id=args.key_arn
                    ),
                )
            ],
            opts=child,
        )
        versioning = s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="old-versions",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=OLD_VERSION_DAYS
                    ),
                    abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=ABANDONED_UPLOAD_DAYS
                    ),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        s3.BucketPolicy(name, bucket=bucket.bucket, policy=bucket.arn.apply(bucket_policy), opts=child)
        self.register_outputs({})


def bucket_policy(bucket_arn: str) -> str:
    """Nobody without TLS; whoever else may do something is said by roles."""
    return iam.document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


@dataclass(frozen=True, kw_only=True)
class PublishedModelsArgs:
    """A service, its repositories, and where they go."""

    service: str
    repositories: Repositories
    bucket: ModelBucket
    key_arn: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    account_id: pulumi.Input[str]
    namespace: pulumi.Input[str]
    role_prefix: str
    service_accounts: Iterable[str]
    """Of its servers, which alone may read it."""


class PublishedModels(pulumi.ComponentResource):
    """The models of one service under its own prefix, and the role its servers read them with.

    What a service no longer serves is deleted with the update that takes it out. Engines stay: they were not uploaded,
    and going back to one takes no build.
    """

    def __init__(self, name: str, args: PublishedModelsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:PublishedModels", name, None, opts)
        for repository in unique(args.repositories):
            upload(args.bucket, prefix(args.service, repository), repository.files, parent=self)
        iam.PodRole(
            f"{args.role_prefix}-{name}-models",
            iam.PodRoleArgs(
                policy=pulumi.Output.all(args.bucket.bucket_arn, args.key_arn).apply(
                    lambda known: iam.document(*reader(known[0], known[1], args.service))
                ),
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                namespace=args.namespace,
                service_accounts=args.service_accounts,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def upload(
    bucket: ModelBucket, prefix: str, files: Iterable[File], *, parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """Place files under a prefix of the bucket."""
    placed: list[pulumi.Resource] = []
    for file in files:
        key = f"{prefix}/{file.path}"
        source = (
            pulumi.FileAsset(str(file.source))
            if isinstance(file.source, Path)
            else pulumi.StringAsset(file.source.decode())
        )
        placed.append(
            s3.BucketObjectv2(
                key,
                bucket=bucket.bucket_name,
                key=key,
                source=source,
                source_hash=file.sha256,
                opts=pulumi.ResourceOptions(parent=parent),
            )
        )
    return placed


def prefix(service: str, repository: Repository) -> str:
    """Where a repository lies in the bucket: under its service's name."""
    return f"{service}/{repository.folder}"


def unique(repositories: Repositories) -> Iterator[Repository]:
    """The repositories with contents of their own."""
    yield from {repository.digest: repository for repository in repositories}.values()


def reader(bucket_arn: str, key_arn: str, service: str) -> tuple[iam.Statement, ...]:
    """Reading and listing what is under a service's prefix, and using the key for that."""
    return (
        iam.allow(["s3:GetObject"], [f"{bucket_arn}/{service}/*"]),
        iam.allow(["s3:ListBucket"], [bucket_arn], StringLike={"s3:prefix": [service, f"{service}/*"]}),
        iam.allow_key_for_s3(["kms:Decrypt"], key_arn),
    )
