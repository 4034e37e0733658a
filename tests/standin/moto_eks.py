"""The calls of EKS that moto lacks: add-ons, access entries, pod identities, upgrades. Importing it adds them.

They keep what they are given, answer as botocore's models say, and refuse what is missing or there already.
"""

# moto's classes carry no types for what is added to them.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false, reportAttributeAccessIssue=false

import json
import uuid
from collections import defaultdict
from typing import Any
from urllib.parse import unquote

from moto.core.exceptions import JsonRESTError
from moto.eks import urls
from moto.eks.responses import EKSResponse

Record = dict[str, Any]

RECORDS: defaultdict[tuple[str, str], dict[str, Record]] = defaultdict(dict)
"""By cluster and kind, what there is by its key."""


class EksError(JsonRESTError):
    """An error of EKS', with its HTTP status."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.code = status


def _cluster(response: Any) -> str:
    name = response._get_param("name") or response._get_param("clusterName")  # noqa: SLF001 - moto's own way
    response.eks_backend.describe_cluster(name=name)  # raises as the real service does
    return name


def _arn(response: Any, resource: str) -> str:
    return f"arn:aws:eks:{response.region}:{response.current_account}:{resource}"


def _wanted(response: Any, kind: str, position: int = 4) -> tuple[dict[str, Record], str]:
    """The records of a kind, and the key that the address names. Raises where there is none."""
    records = RECORDS[_cluster(response), kind]
    key = unquote(response.parsed_url.path.split("/", position)[position])
    key = key.removesuffix("/update").partition("/access-policies")[0]
    if key not in records:
        raise EksError(404, "ResourceNotFoundException", f"No {kind} found: {key}")
    return records, key


def _create(response: Any, kind: str, key: str, record: Record, *, under: str) -> str:
    records = RECORDS[_cluster(response), kind]
    if key in records:
        raise EksError(409, "ResourceInUseException", f"{kind} already exists: {key}")
    records[key] = record
    return json.dumps({under: record})


def create_addon(response: Any) -> str:
    given, cluster = json.loads(response.body), _cluster(response)
    name = given["addonName"]
    record = {
        **given,
        "clusterName": cluster,
        "status": "ACTIVE",
        "addonArn": _arn(response, f"addon/{cluster}/{name}"),
    }
    record.pop("podIdentityAssociations", None)  # the answer has their ARNs, which nobody asks for here
    return _create(response, "addon", name, record, under="addon")


def describe_addon(response: Any) -> str:
    records, key = _wanted(response, "addon")
    return json.dumps({"addon": records[key]})


def update_addon(response: Any) -> str:
    records, key = _wanted(response, "addon")
    records[key].update(json.loads(response.body))
    return _done("AddonUpdate")


def delete_addon(response: Any) -> str:
    records, key = _wanted(response, "addon")
    return json.dumps({"addon": records.pop(key)})


def list_addons(response: Any) -> str:
    return json.dumps({"addons": list(RECORDS[_cluster(response), "addon"])})


def create_access_entry(response: Any) -> str:
    given, cluster = json.loads(response.body), _cluster(response)
    principal = given["principalArn"]
    arn = _arn(response, f"access-entry/{cluster}/{uuid.uuid4()}")
    record = {"type": "STANDARD", **given, "clusterName": cluster, "accessEntryArn": arn}
    return _create(response, "accessEntry", principal, record, under="accessEntry")


def describe_access_entry(response: Any) -> str:
    records, key = _wanted(response, "accessEntry")
    return json.dumps({"accessEntry": records[key]})


def delete_access_entry(response: Any) -> str:
    records, key = _wanted(response, "accessEntry")
    del records[key]
    RECORDS.pop((_cluster(response), f"policies of {key}"), None)
    return "{}"


def list_access_entries(response: Any) -> str:
    return json.dumps({"accessEntries": list(RECORDS[_cluster(response), "accessEntry"])})


def associate_access_policy(response: Any) -> str:
    _, principal = _wanted(response, "accessEntry")
    given = json.loads(response.body)
    RECORDS[_cluster(response), f"policies of {principal}"][given["policyArn"]] = given
    return json.dumps({"clusterName": _cluster(response), "principalArn": principal, "associatedAccessPolicy": given})


def list_associated_access_policies(response: Any) -> str:
    _, principal = _wanted(response, "accessEntry")
    associated = list(RECORDS[_cluster(response), f"policies of {principal}"].values())
    named = {"clusterName": _cluster(response), "principalArn": principal}
    return json.dumps({**named, "associatedAccessPolicies": associated})


def disassociate_access_policy(response: Any) -> str:
    _, principal = _wanted(response, "accessEntry")
    policy = unquote(response.parsed_url.path.partition("/access-policies/")[2])
    RECORDS[_cluster(response), f"policies of {principal}"].pop(policy, None)
    return "{}"


def create_pod_identity_association(response: Any) -> str:
    given, cluster = json.loads(response.body), _cluster(response)
    for each in RECORDS[cluster, "association"].values():
        if (each["namespace"], each["serviceAccount"]) == (given["namespace"], given["serviceAccount"]):
            raise EksError(409, "ResourceInUseException", f"Association already exists: {each['associationId']}")
    identity = f"a-{uuid.uuid4().hex[:17]}"
    arn = _arn(response, f"podidentityassociation/{cluster}/{identity}")
    record = {**given, "clusterName": cluster, "associationId": identity, "associationArn": arn}
    return _create(response, "association", identity, record, under="association")


def describe_pod_identity_association(response: Any) -> str:
    records, key = _wanted(response, "association")
    return json.dumps({"association": records[key]})


def update_pod_identity_association(response: Any) -> str:
    records, key = _wanted(response, "association")
    records[key].update(json.loads(response.body))
    return json.dumps({"association": records[key]})


def delete_pod_identity_association(response: Any) -> str:
    records, key = _wanted(response, "association")
    return json.dumps({"association": records.pop(key)})


def list_pod_identity_associations(response: Any) -> str:
    return json.dumps({"associations": list(RECORDS[_cluster(response), "association"].values())})


def update_cluster_version(response: Any) -> str:
    cluster = response.eks_backend.describe_cluster(name=_cluster(response))
    wanted = json.loads(response.body)["version"]
    now, then = (tuple(map(int, version.split("."))) for version in (cluster.version, wanted))
    if then != (now[0], now[1] + 1):
        message = f"Unsupported Kubernetes minor version update from {cluster.version} to {wanted}"
        raise EksError(400, "InvalidParameterException", message)
    cluster.version = wanted
    return _done("VersionUpdate")


def tag_resource(response: Any) -> str:
    _tagged(response).update(json.loads(response.body)["tags"])
    return "{}"


def untag_resource(response: Any) -> str:
    for key in response.querystring.get("tagKeys", ()):
        _tagged(response).pop(key, None)
    return "{}"


def _tagged(response: Any) -> dict[str, str]:
    """The tags of what an ARN names: a record of ours, or something of moto's."""
    arn = unquote(response.parsed_url.path.partition("/tags/")[2])
    for records in RECORDS.values():
        for record in records.values():
            if arn in record.values():
                return record.setdefault("tags", {})
    backend = response.eks_backend
    for cluster in backend.clusters.values():
        for each in (cluster, *cluster.nodegroups.values()):
            if arn in (getattr(each, "arn", None), getattr(each, "nodegroup_arn", None)):
                each.tags = each.tags or {}
                return each.tags
    raise EksError(404, "NotFoundException", f"No resource found: {arn}")


def _done(kind: str) -> str:
    return json.dumps({"update": {"id": str(uuid.uuid4()), "status": "Successful", "type": kind}})


for call in (
    create_addon, describe_addon, update_addon, delete_addon, list_addons,
    create_access_entry, describe_access_entry, delete_access_entry, list_access_entries,
    associate_access_policy, list_associated_access_policies, disassociate_access_policy,
    create_pod_identity_association, describe_pod_identity_association, update_pod_identity_association,
    delete_pod_identity_association, list_pod_identity_associations, update_cluster_version, tag_resource,
    untag_resource,
):  # fmt: skip
    setattr(EKSResponse, call.__name__, call)

for path in ("addons", "access-entries", "pod-identity-associations"):
    urls.url_paths["{0}/clusters/(?P<name>[^/]+)/" + path + "$"] = EKSResponse.dispatch
    # An ARN has slashes of its own.
    urls.url_paths["{0}/clusters/(?P<name>[^/]+)/" + path + "/(?P<key>.+)$"] = EKSResponse.dispatch
urls.url_paths["{0}/clusters/(?P<name>[^/]+)/updates$"] = EKSResponse.dispatch
