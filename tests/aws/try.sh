#!/usr/bin/env bash
# Takes a stack through its life in a real AWS account: what the stand-ins can't know. Costs money while it runs.
#
#   tests/aws/try.sh STACK      STACK is one of stacks/Pulumi.STACK.yaml with `cluster: {kind: eks}`, made your own
#
# Needs credentials in the shell, `eval "$(make -s env)"`, and aws and kubectl on PATH. Changes nothing before you have
# typed the account's number. Whatever step fails, the stack stays for you to look at, and the last lines say how to
# take it down.
set -euo pipefail
cd "$(dirname "$0")/../.."

stack=${1:?"which stack? tests/aws/try.sh STACK"}
config() { pulumi config get --stack "$stack" --path "plimsoll:stack.$1"; }

step() { printf '\n== %s\n' "$*"; }

ending() {
  local code=$?
  if [ "$code" -ne 0 ] && [ -n "${made:-}" ]; then
    printf '\nfailed; the stack is still there, and costs money. To take it down:\n'
    printf '  pulumi state unprotect --all --yes --stack %s && pulumi destroy --stack %s\n' "$stack" "$stack"
  fi
  rm -f "${kubeconfig:-}"
}
trap ending EXIT

region=$(config cluster.region)
account=$(aws sts get-caller-identity --query Account --output text)

step "what would be made in account $account, $region"
pulumi preview --stack "$stack" --policy-pack policies
read -rp "That costs money until it is destroyed. Type the account's number to go on: " typed
[ "$typed" = "$account" ] || { echo "nothing was changed"; exit 0; }

step "make it"
made=yes
pulumi up --yes --skip-preview --stack "$stack" --policy-pack policies

step "what is there is what was made, and another update has nothing to do"
pulumi refresh --yes --skip-preview --stack "$stack"
pulumi preview --expect-no-changes --stack "$stack"

step "nodes are ready, pools may burst, add-ons run"
kubeconfig=$(mktemp)
aws eks update-kubeconfig --region "$region" --name "plimsoll-$stack" --kubeconfig "$kubeconfig" > /dev/null
export KUBECONFIG=$kubeconfig
kubectl wait --for=condition=Ready nodes --all --timeout=10m
for kind in nodepools ec2nodeclasses; do
  [ -z "$(kubectl get "$kind" --output name)" ] || kubectl wait --for=condition=Ready "$kind" --all --timeout=5m
done
kubectl wait --for=condition=Available deployments --all --all-namespaces --timeout=10m

namespace=$(pulumi stack output namespace --stack "$stack")
step "models answer, read from S3 with the pods' own role; engines were built on their pools"
for deployment in $(kubectl --namespace "$namespace" get deployments --selector app.kubernetes.io/name=triton --output name); do
  kubectl --namespace "$namespace" rollout status "$deployment" --timeout=10m
done
kubectl --namespace "$namespace" get jobs --selector app.kubernetes.io/part-of=plimsoll

step "take it down"
read -rp "Press Enter to destroy the stack, or Ctrl-C to keep it: "
pulumi state unprotect --all --yes --stack "$stack"
pulumi destroy --yes --skip-preview --stack "$stack"
step "done: account $account is as it was"
