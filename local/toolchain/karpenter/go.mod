module plimsoll.local/toolchain/karpenter

go 1.26.7

require github.com/aws/karpenter-provider-aws v1.14.1
