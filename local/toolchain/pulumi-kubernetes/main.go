// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider. Its own command embeds two files that its module
// does not carry, so this one embeds them instead: the build makes both from the module's sources.
package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	keepScratchInHome()
	go leaveWithEngine()
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}

// leaveWithEngine ends the provider once its engine is gone. An engine that was killed tells nobody, and its provider
// would wait for it for ever.
func leaveWithEngine() {
	engine := os.Getppid()
	for os.Getppid() == engine {
		time.Sleep(time.Second)
	}
	os.Exit(1)
}

// keepScratchInHome makes $PULUMI_HOME/tmp the temporary folder: each start leaves a copy of the kubeconfig in it, which
// is nobody else's business and should go when Pulumi's home does.
func keepScratchInHome() {
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		return
	}
	scratch := filepath.Join(home, "tmp")
	if err := os.MkdirAll(scratch, 0o700); err == nil {
		os.Setenv("TMPDIR", scratch)
	}
}
