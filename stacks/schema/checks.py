"""Contradictions: what each part of a stack may say by itself, but not together with another.

One small function a rule; `CHECKS` lists them.
"""

import math
from collections.abc import Callable, Iterator

from stacks.schema import eks_checks
from stacks.schema.cluster import LocalCluster
from stacks.schema.engine import MIN_COMPUTE_CAPABILITY, TensorRt
from stacks.schema.gateway import GATEWAY_NAME
from stacks.schema.gpu_pool import GpuPool
from stacks.schema.images import Images, nvidia_release
from stacks.schema.model_repository import S3Repository, VolumeRepository
from stacks.schema.problem import Problem
from stacks.schema.scaling import QueueTime, Utilisation
from stacks.schema.service import Service
from stacks.schema.slo import LATENCY_BUCKETS_MS
from stacks.schema.stack import Stack

Check = Callable[[Stack], Iterator[Problem]]
"""A rule across a stack: yields a `Problem` for each place that breaks it."""


def contradictions(stack: Stack) -> Iterator[Problem]:
    """Everything in a stack that contradicts something else in it."""
    for check in CHECKS:
        yield from check(stack)


def local_volume_has_no_claim(stack: Stack) -> Iterator[Problem]:
    """A local cluster reads models from its node's own folder."""
    repository = stack.model_repository
    if isinstance(stack.cluster, LocalCluster) and isinstance(repository, VolumeRepository) and repository.claim:
        yield Problem(
            path="modelRepository.claim",
            found=f"'{repository.claim.name}' is a claim, and the cluster is local",
            limit="no claim on a local cluster",
            reason="a local cluster's one node is this machine, so its pods read the models from a folder of it",
            way_out="remove modelRepository.claim, or choose an existing cluster",
        )


def remote_volume_has_a_claim(stack: Stack) -> Iterator[Problem]:
    """On any other cluster a volume needs a claim that is mounted where Pulumi runs."""
    cluster, repository = stack.cluster, stack.model_repository
    if not isinstance(cluster, LocalCluster) and isinstance(repository, VolumeRepository) and not repository.claim:
        yield Problem(
            path="modelRepository.claim",
            found=f"is missing, and the cluster is {cluster.kind}",
            limit="a claim on every cluster but a local one",
            reason="Pulumi writes the models and pods on other machines read them, so both need the same volume",
            way_out="add `claim: {name: models, mountedAt: /mnt/models}`, or use `modelRepository: {kind: s3}`",
        )


def local_cluster_has_no_gpus(stack: Stack) -> Iterator[Problem]:
    """A local cluster has one node, this machine, and drives no GPU."""
    if isinstance(stack.cluster, LocalCluster):
        for name in stack.gpu_pools:
            yield Problem(
                path=f"gpuPools.{name}",
                found="a GPU pool, and the cluster is local",
                limit="no GPU pools on a local cluster",
                reason="the embedded cluster's one node offers no GPUs, so pods of the pool would wait for ever",
                way_out=f"remove gpuPools.{name} and every service's pool, or run on another cluster.kind",
            )


def local_cluster_has_no_s3(stack: Stack) -> Iterator[Problem]:
    """A local cluster runs without a cloud."""
    if isinstance(stack.cluster, LocalCluster) and isinstance(stack.model_repository, S3Repository):
        yield Problem(
            path="modelRepository.kind",
            found="s3 is not for a local cluster",
            limit="volume on a local cluster",
            reason="a local cluster runs without a cloud account, and its pods have no AWS identity",
            way_out="write `modelRepository: {kind: volume}`",
        )


def images_are_exact(stack: Stack) -> Iterator[Problem]:
    """The tag `latest` moves."""
    for name, reference in stack.images.model_dump().items():
        if reference.endswith(":latest"):
            yield Problem(
                path=f"images.{name}",
                found=f"'{reference}' has a tag that moves",
                limit="an exact tag or a digest",
                reason="two pods started on different days would run different code, and no preview would say so",
                way_out=f"name a release, as in `{name}: {Images.model_fields[name].default}`, or a @sha256 digest",
            )


def pool_floor_is_below_its_ceiling(stack: Stack) -> Iterator[Problem]:
    """A pool's nodes.min is at most its nodes.max."""
    for name, pool in stack.gpu_pools.items():
        if pool.nodes.min > pool.nodes.max:
            yield Problem(
                path=f"gpuPools.{name}.nodes.min",
                found=f"{pool.nodes.min} is above nodes.max",
                limit=f"at most {pool.nodes.max}",
                reason="min nodes stand always and max is never passed",
                way_out=f"lower nodes.min to {pool.nodes.max}, or raise nodes.max to {pool.nodes.min}",
            )


def service_pool_exists(stack: Stack) -> Iterator[Problem]:
    """A service runs on a pool of its own stack."""
    for name, service in stack.services.items():
        if service.pool and service.pool not in stack.gpu_pools:
            known = ", ".join(stack.gpu_pools)
            yield Problem(
                path=f"services.{name}.pool",
                found=f"'{service.pool}' is not a pool of this stack",
                limit=f"one of: {known}" if known else "no pool: this stack has none",
                reason="replicas run on the pool's nodes, found by its label",
                way_out=f"{'name one of those pools' if known else 'remove the pool'}, or add gpuPools.{service.pool}",
            )


def tensorrt_has_a_pool(stack: Stack) -> Iterator[Problem]:
    """A TensorRT engine runs on a GPU."""
    for name, service in stack.services.items():
        if isinstance(service.engine, TensorRt) and not service.pool:
            yield Problem(
                path=f"services.{name}.pool",
                found="is missing, and the engine is tensorrt",
                limit="a GPU pool for every TensorRT engine",
                reason="TensorRT plans are built for one kind of GPU and run on nothing else",
                way_out="add `pool: NAME`, or choose `engine: {kind: onnxruntime}`, which runs on CPUs too",
            )


def precision_runs_on_the_pool(stack: Stack) -> Iterator[Problem]:
    """Every GPU that a pool may have computes in the engine's precision."""
    for name, service, pool in _on_gpus(stack):
        engine = service.engine
        if isinstance(engine, TensorRt) and pool.compute_capability < MIN_COMPUTE_CAPABILITY[engine.precision]:
            needed = MIN_COMPUTE_CAPABILITY[engine.precision]
            oldest = min(pool.instances, key=lambda instance: instance.gpu.compute_capability).gpu
            have = [
                precision for precision, least in MIN_COMPUTE_CAPABILITY.items() if least <= pool.compute_capability
            ]
            yield Problem(
                path=f"services.{name}.engine.precision",
                found=f"{engine.precision} does not run on every GPU of pool '{service.pool}'",
                limit=f"one of: {', '.join(have)}",
                reason=f"{engine.precision} needs compute capability {_dotted(needed)}, and the pool may have "
                f"{oldest.model} GPUs with {_dotted(oldest.compute_capability)}",
                way_out=f"choose one of those, or take the older types out of gpuPools.{service.pool}.instanceTypes",
            )


def an_engine_has_one_kind_of_gpu(stack: Stack) -> Iterator[Problem]:
    """A plan never meets a GPU other than the one it was built on."""
    for name, service, pool in _on_gpus(stack):
        if isinstance(service.engine, TensorRt) and len(pool.gpus) > 1:
            yield Problem(
                path=f"services.{name}.pool",
                found=f"nodes of pool '{service.pool}' have {' or '.join(gpu.model for gpu in pool.gpus)}",
                limit="a pool with one GPU model for every TensorRT engine",
                reason="a plan is built and tuned for the GPU it is built on, and another architecture can't load it",
                way_out=f"keep one GPU model in gpuPools.{service.pool}.instanceTypes, or make a pool for each",
            )


def an_engine_is_read_by_what_built_it(stack: Stack) -> Iterator[Problem]:
    """The image that builds plans has the TensorRT of the one that serves them."""
    built, served = nvidia_release(stack.images.tensorrt), nvidia_release(stack.images.triton)
    if any(_tensorrt(stack)) and (built is None or built != served):
        yield Problem(
            path="images.tensorrt",
            found=f"{stack.images.tensorrt} builds engines for {stack.images.triton}",
            limit="two images of one NVIDIA release, said in both tags, as in 25.06-py3",
            reason="a server reads only plans of its own TensorRT version, and a release has one for all its images",
            way_out="give both the same release; copies in another registry keep their tags, also beside a digest",
        )


def profile_is_ordered(stack: Stack) -> Iterator[Problem]:
    """A TensorRT profile's minBatch, optBatch and maxBatch ascend."""
    for name, _, engine in _tensorrt(stack):
        profile = engine.profile
        if profile and not profile.min_batch <= profile.opt_batch <= profile.max_batch:
            yield Problem(
                path=f"services.{name}.engine.profile",
                found=f"minBatch {profile.min_batch}, optBatch {profile.opt_batch}, maxBatch {profile.max_batch} are "
                "out of order",
                limit="minBatch <= optBatch <= maxBatch",
                reason="TensorRT builds for the range from minBatch to maxBatch and tunes for a size within it",
                way_out="put the three in ascending order; equal ones are fine",
            )


def profile_holds_a_batch(stack: Stack) -> Iterator[Problem]:
    """A TensorRT engine takes the largest batch that Triton makes."""
    for name, service, engine in _tensorrt(stack):
        profile, batch = engine.profile, service.batching.max_batch_size
        if profile and profile.max_batch < batch:
            yield Problem(
                path=f"services.{name}.engine.profile.maxBatch",
                found=f"{profile.max_batch} is below batching.maxBatchSize",
                limit=f"at least {batch}",
                reason="Triton refuses to load a model whose engine can't take its largest batch",
                way_out=f"raise maxBatch to {batch}, or lower batching.maxBatchSize to {profile.max_batch}",
            )


def queue_holds_a_batch(stack: Stack) -> Iterator[Problem]:
    """A full batch has room to form in the queue."""
    for name, service in stack.services.items():
        size, batch = service.batching.max_queue_size, service.batching.max_batch_size
        if size < batch:
            yield Problem(
                path=f"services.{name}.batching.maxQueueSize",
                found=f"{size} is below maxBatchSize",
                limit=f"at least {batch}",
                reason="requests wait in the queue while their batch forms, so a smaller queue never fills a batch",
                way_out=f"raise maxQueueSize to {batch} or more, or lower maxBatchSize to {size}",
            )


def queue_delay_is_below_the_latency_threshold(stack: Stack) -> Iterator[Problem]:
    """Waiting for a batch leaves time to answer."""
    for name, service in stack.services.items():
        delay = service.batching.max_queue_delay_ms
        if service.slo and delay >= service.slo.latency.threshold_ms:
            threshold = service.slo.latency.threshold_ms
            yield Problem(
                path=f"services.{name}.batching.maxQueueDelayMs",
                found=f"{delay:g} ms is not below slo.latency.thresholdMs",
                limit=f"below {threshold:g} ms",
                reason="a lone request waits out the whole delay, so it would miss the objective before it is computed",
                way_out=f"lower maxQueueDelayMs (a tenth of the threshold, {threshold / 10:g}, is a start), "
                "or raise slo.latency.thresholdMs",
            )


def queue_time_target_is_below_the_latency_threshold(stack: Stack) -> Iterator[Problem]:
    """Replicas are added before the latency objective is missed."""
    for name, service in stack.services.items():
        signal = service.scaling.signal
        if service.slo and isinstance(signal, QueueTime) and signal.target_ms >= service.slo.latency.threshold_ms:
            threshold = service.slo.latency.threshold_ms
            yield Problem(
                path=f"services.{name}.scaling.signal.targetMs",
                found=f"{signal.target_ms:g} ms is not below slo.latency.thresholdMs",
                limit=f"below {threshold:g} ms",
                reason="the autoscaler would hold a queue time at which the objective is already missed",
                way_out=f"lower targetMs (a tenth of the threshold, {threshold / 10:g}, is a start), "
                "or raise slo.latency.thresholdMs",
            )


def latency_threshold_is_counted(stack: Stack) -> Iterator[Problem]:
    """The gateway counts answers by a ladder of times, and the threshold is one of them."""
    for name, service in stack.services.items():
        threshold_ms = service.slo.latency.threshold_ms if service.slo else None
        if threshold_ms is not None and threshold_ms not in LATENCY_BUCKETS_MS:
            below = max((step for step in LATENCY_BUCKETS_MS if step < threshold_ms), default=None)
            above = min((step for step in LATENCY_BUCKETS_MS if step > threshold_ms), default=None)
            nearest = " or ".join(f"{step:g}" for step in (below, above) if step is not None)
            yield Problem(
                path=f"services.{name}.slo.latency.thresholdMs",
                found=f"{threshold_ms:g} ms is no step of the gateway's latency histogram",
                limit=f"one of: {', '.join(f'{step:g}' for step in LATENCY_BUCKETS_MS)}",
                reason="answers are counted by how many of these times they took at most; between two it is not known "
                "how many were in time, and an objective that can't be counted never fires",
                way_out=f"choose {nearest}",
            )


def a_signal_has_a_prometheus(stack: Stack) -> Iterator[Problem]:
    """Whoever scales on a metric has somebody to ask for it."""
    for name, service in stack.services.items():
        if service.scaling.signal and not stack.monitoring:
            yield Problem(
                path=f"services.{name}.scaling.signal",
                found=f"'{service.scaling.signal.kind}' is to be asked of Prometheus, and the stack names none",
                limit="a signal with `monitoring`, or neither",
                reason="the autoscaler would never get a reading, and the number of replicas never move",
                way_out="add `monitoring: {}` and what differs from its defaults, or remove the signal and set "
                "replicas.min and replicas.max to one number",
            )


def utilisation_has_a_capacity(stack: Stack) -> Iterator[Problem]:
    """A share is a share of something."""
    for name, service in stack.services.items():
        if isinstance(service.scaling.signal, Utilisation) and not service.capacity:
            yield Problem(
                path=f"services.{name}.capacity",
                found="is missing, and scaling.signal is a share of it",
                limit="a measured capacity, or another signal",
                reason="utilisation is the share of its capacity that a replica is asked for",
                way_out=f"measure it: python -m ops calibrate {name}; or scale on pendingRequests until then",
            )


def fallback_is_within_the_replicas(stack: Stack) -> Iterator[Problem]:
    """What a blind autoscaler holds is a number that a seeing one could choose."""
    for name, service in stack.services.items():
        replicas, fallback = service.scaling.replicas, service.scaling.fallback_replicas
        if fallback is not None and not replicas.min <= fallback <= replicas.max:
            yield Problem(
                path=f"services.{name}.scaling.fallbackReplicas",
                found=f"{fallback} is outside of replicas.min to replicas.max",
                limit=f"from {replicas.min} to {replicas.max}",
                reason="what the service may cost and what its pool must hold are counted by that range",
                way_out="choose a number within it, or widen the range",
            )


def replicas_carry_the_peak(stack: Stack) -> Iterator[Problem]:
    """At full scale a service carries the load that it says it must."""
    for name, service in stack.services.items():
        peak, capacity = service.traffic.peak_requests_per_second, service.capacity
        if peak is None or capacity is None:
            continue
        carried = service.scaling.replicas.max * capacity.requests_per_second
        if carried < peak:
            needed = math.ceil(peak / capacity.requests_per_second)
            yield Problem(
                path=f"services.{name}.scaling.replicas.max",
                found=f"{service.scaling.replicas.max} replicas carry {carried:g} requests a second, and the peak is "
                f"{peak:g}",
                limit=f"at least {needed}",
                reason=f"one replica carries {capacity.requests_per_second:g} within the latency objective, measured "
                f"on {capacity.measured} ({capacity.machine})",
                way_out=f"raise replicas.max to {needed} or more, or make a replica carry more: a larger batch, more "
                "instances, a faster GPU",
            )


def the_usual_load_is_below_the_peak(stack: Stack) -> Iterator[Problem]:
    """No ordinary hour has more load than the service must carry at most."""
    for name, service in stack.services.items():
        usual, peak = service.traffic.usual_requests_per_second, service.traffic.peak_requests_per_second
        if usual is not None and peak is not None and usual > peak:
            yield Problem(
                path=f"services.{name}.traffic.usualRequestsPerSecond",
                found=f"{usual:g} is above peakRequestsPerSecond",
                limit=f"at most {peak:g}",
                reason="the expected cost would be worked out from more load than the service is made for",
                way_out="lower it, or raise peakRequestsPerSecond",
            )


def replicas_are_ordered(stack: Stack) -> Iterator[Problem]:
    """A service's replicas.min is at most its replicas.max."""
    for name, service in stack.services.items():
        replicas = service.scaling.replicas
        if replicas.min > replicas.max:
            yield Problem(
                path=f"services.{name}.scaling.replicas.min",
                found=f"{replicas.min} is above replicas.max",
                limit=f"at most {replicas.max}",
                reason="min replicas run always and max is never passed",
                way_out=f"lower replicas.min to {replicas.max}, or raise replicas.max to {replicas.min}",
            )


def a_range_of_replicas_has_a_signal(stack: Stack) -> Iterator[Problem]:
    """Something moves the number of replicas, or it is fixed."""
    for name, service in stack.services.items():
        replicas = service.scaling.replicas
        if replicas.min < replicas.max and not service.scaling.signal:
            yield Problem(
                path=f"services.{name}.scaling.signal",
                found=f"is missing, and replicas range from {replicas.min} to {replicas.max}",
                limit="a signal, or replicas.min equal to replicas.max",
                reason="nothing would move the number of replicas, so it would stay at its minimum under any load",
                way_out=f"add `signal: {{kind: pendingRequests, targetPerReplica: 4}}`, or set replicas.min to "
                f"{replicas.max}",
            )


def canary_differs_from_the_stable_version(stack: Stack) -> Iterator[Problem]:
    """A canary tries something new."""
    for name, service in stack.services.items():
        if service.canary and service.canary.version == service.version:
            yield Problem(
                path=f"services.{name}.canary.version",
                found=f"{service.canary.version} is the stable version too",
                limit="another version than the stable one",
                reason="a canary is compared with the stable version, and equal ones have nothing to tell",
                way_out="name the version on trial, or remove the canary",
            )


def a_shadow_takes_no_weight(stack: Stack) -> Iterator[Problem]:
    """A canary answers callers or only gets copies of their requests."""
    for name, service in stack.services.items():
        if service.canary and service.canary.mirror and service.canary.weight:
            yield Problem(
                path=f"services.{name}.canary.weight",
                found=f"{service.canary.weight} percent of the answers, and canary.mirror is true",
                limit="0 while the canary is a shadow",
                reason="a shadow gets a copy of every request; one that also answers some would get those twice",
                way_out="set weight to 0 to try it at no caller's risk, or remove mirror",
            )


def no_service_has_the_name_of_anothers_side(stack: Stack) -> Iterator[Problem]:
    """What belongs to a service is named after it: its canary, its host name for gRPC, what builds its engines."""
    for name in stack.services:
        for suffix, what in (
            ("-canary", "its canary"),
            ("-grpc", "its host name for gRPC"),
            ("-engines", "what builds its engines"),
        ):
            if (other := name.removesuffix(suffix)) != name and other in stack.services:
                yield Problem(
                    path=f"services.{name}",
                    found=f"is a name that belongs to service '{other}'",
                    limit=f"any name but {name}",
                    reason=f"service '{other}' calls {what} so, and only one of two can have a name",
                    way_out="rename one of them",
                )


def no_service_has_the_gateways_name(stack: Stack) -> Iterator[Problem]:
    """The gateway's own objects are called `gateway`, and some are of the kinds that a service has."""
    if GATEWAY_NAME in stack.services:
        yield Problem(
            path=f"services.{GATEWAY_NAME}",
            found="is the name of the stack's gateway",
            limit="any other name",
            reason="both would have a traffic policy of that name, and each update would undo half of one",
            way_out="rename the service, for example after its model",
        )


def timeout_is_above_the_latency_threshold(stack: Stack) -> Iterator[Problem]:
    """The gateway waits longer than the objective asks for."""
    for name, service in stack.services.items():
        timeout_ms = service.traffic.request_timeout_ms
        if service.slo and timeout_ms <= service.slo.latency.threshold_ms:
            threshold_ms = service.slo.latency.threshold_ms
            yield Problem(
                path=f"services.{name}.traffic.requestTimeoutMs",
                found=f"{timeout_ms} ms is not above slo.latency.thresholdMs",
                limit=f"above {threshold_ms:g} ms",
                reason="a late answer costs some error budget of latency; one that is cut off costs its caller all",
                way_out="raise it (ten times the threshold is a start), or lower slo.latency.thresholdMs",
            )


def replica_fits_its_node(stack: Stack) -> Iterator[Problem]:
    """One replica's CPU and memory fit the smallest node of its pool."""
    for name, service, pool in _on_gpus(stack):
        cores = min(instance.vcpu for instance in pool.instances)
        memory_mib = min(instance.memory_gib for instance in pool.instances) * 1024
        for key, wanted, most, unit in (
            ("cpu", service.resources.cpu, cores, "cores"),
            ("memoryMib", service.resources.memory_mib, memory_mib, "MiB"),
        ):
            if wanted >= most:
                yield Problem(
                    path=f"services.{name}.resources.{key}",
                    found=f"{wanted:g} {unit} is a whole node of pool '{service.pool}' or more",
                    limit=f"below {most} {unit}",
                    reason="a replica that fits no node is never started, and each node keeps some for itself",
                    way_out=f"lower it, or put larger types into gpuPools.{service.pool}.instanceTypes",
                )


def service_fits_its_pool(stack: Stack) -> Iterator[Problem]:
    """A service's replicas, one GPU each, fit its pool at full size."""
    for name, service, pool in _on_gpus(stack):
        if service.max_replicas > pool.max_gpus:
            room = [n for n in range(pool.max_gpus + 1) if n + service.canary_replicas(n) <= pool.max_gpus]
            yield Problem(
                path=f"services.{name}.scaling.replicas.max",
                found=f"{_replicas(service)} need {service.max_replicas} GPUs, and pool '{service.pool}' has "
                f"{pool.max_gpus} at most",
                limit=f"at most {max(room, default=0)}",
                reason="each replica takes a GPU; at full load the rest would wait for a node that never comes",
                way_out=f"lower replicas.max{' or the canary' if service.canary else ''}, or raise "
                f"gpuPools.{service.pool}.nodes.max (now {pool.nodes.max})",
            )


def services_fit_their_pool_together(stack: Stack) -> Iterator[Problem]:
    """The services of one pool fit it when all of them are at full scale."""
    for pool_name, pool in stack.gpu_pools.items():
        users = {name: service for name, service in stack.services.items() if service.pool == pool_name}
        needed = stack.gpus_wanted(pool_name)
        if needed > pool.max_gpus and all(service.max_replicas <= pool.max_gpus for service in users.values()):
            shares = ", ".join(f"{name} {service.max_replicas}" for name, service in users.items())
            yield Problem(
                path=f"gpuPools.{pool_name}.nodes.max",
                found=f"{pool.nodes.max} nodes have {pool.max_gpus} GPUs, and the pool's services need {needed}",
                limit=f"GPUs for all of them at once: {shares}",
                reason="each replica takes a GPU; when all are busy the last to ask would wait for a node that never "
                "comes",
                way_out="raise nodes.max, lower the services' replicas.max, or give one of them a pool of its own",
            )


CHECKS: tuple[Check, ...] = (
    local_volume_has_no_claim,
    remote_volume_has_a_claim,
    local_cluster_has_no_gpus,
    local_cluster_has_no_s3,
    images_are_exact,
    pool_floor_is_below_its_ceiling,
    service_pool_exists,
    tensorrt_has_a_pool,
    precision_runs_on_the_pool,
    an_engine_has_one_kind_of_gpu,
    an_engine_is_read_by_what_built_it,
    profile_is_ordered,
    profile_holds_a_batch,
    queue_holds_a_batch,
    queue_delay_is_below_the_latency_threshold,
    queue_time_target_is_below_the_latency_threshold,
    latency_threshold_is_counted,
    a_signal_has_a_prometheus,
    utilisation_has_a_capacity,
    fallback_is_within_the_replicas,
    replicas_carry_the_peak,
    the_usual_load_is_below_the_peak,
    replicas_are_ordered,
    a_range_of_replicas_has_a_signal,
    canary_differs_from_the_stable_version,
    a_shadow_takes_no_weight,
    no_service_has_the_name_of_anothers_side,
    no_service_has_the_gateways_name,
    timeout_is_above_the_latency_threshold,
    replica_fits_its_node,
    service_fits_its_pool,
    services_fit_their_pool_together,
    *eks_checks.CHECKS,
)
"""Every rule, in the order their problems are told."""


def _tensorrt(stack: Stack) -> Iterator[tuple[str, Service, TensorRt]]:
    for name, service in stack.services.items():
        if isinstance(service.engine, TensorRt):
            yield name, service, service.engine


def _on_gpus(stack: Stack) -> Iterator[tuple[str, Service, GpuPool]]:
    for name, service in stack.services.items():
        if service.pool and service.pool in stack.gpu_pools:
            yield name, service, stack.gpu_pools[service.pool]


def _replicas(service: Service) -> str:
    stable = service.scaling.replicas.max
    canary = service.canary_replicas(stable)
    return f"{stable} replicas{f' and {canary} of the canary' if canary else ''}"


def _dotted(capability: tuple[int, int]) -> str:
    return ".".join(map(str, capability))
