// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command avs-operator is the operator for Azure VMware Solution.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // the image has no time zones of its own

	"github.com/spf13/pflag"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/featuregate"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/feature"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// version is set by the linker.
var version = "dev"

// flags of the manager.
type flags struct {
	leaderElect                bool
	leaseDuration              time.Duration
	namespace                  string
	namespaces                 []string
	operatorIdentityNamespaces []string
	allowedEndpoints           []string
	resolve                    map[string]string
	allowLocalEndpoints        bool
	freeze                     bool
	healthAddress              string
	metricsAddress             string
	pprofAddress               string
	development                bool
	featureGates               string
	features                   featuregate.FeatureGate
	speed                      float64
	version                    bool
}

func main() {
	f, err := parse(os.Args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err == nil && f.version {
		fmt.Println("avs-operator", version)
		return
	}
	if err == nil {
		err = run(ctrl.SetupSignalHandler(), f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "avs-operator:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (*flags, error) {
	f := &flags{}
	set := pflag.NewFlagSet("avs-operator", pflag.ContinueOnError)
	set.SortFlags = false
	set.BoolVar(&f.leaderElect, "leader-elect", true, "work only while holding the lease, so that of several replicas one works")
	set.DurationVar(&f.leaseDuration, "lease-duration", 15*time.Second, "how long a lease holds without renewal; another replica takes over after that")
	set.StringVar(&f.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the operator's own namespace; default: the variable POD_NAMESPACE")
	set.StringSliceVar(&f.namespaces, "namespaces", nil, "namespaces to watch, separated by commas; default: all")
	set.StringSliceVar(&f.operatorIdentityNamespaces, "operator-identity-namespaces", nil,
		"namespaces whose AzureIdentity objects may use the operator's own identity; default: the operator's namespace")
	set.StringSliceVar(&f.allowedEndpoints, "allowed-endpoints", nil, "hosts of Azure clouds that Microsoft does not run, separated by commas; "+
		"an AzureIdentity may use no other custom endpoint; *.<host> allows the regional hosts of one too, where Azure's links name them")
	set.StringVar(&f.featureGates, "feature-gates", "", "what works only when it is turned on, such as ScaleInHosts=true, separated by commas; see the guide")
	set.BoolVar(&f.allowLocalEndpoints, "allow-local-endpoints", false,
		"let VCenters and custom Azure endpoints be at loopback, link-local, metadata or the API server's addresses; for simulators only")
	set.BoolVar(&f.freeze, "freeze", false, "begin nothing new in Azure and in vCenters, and follow what runs to its end; the ConfigMap "+
		freeze.ConfigMapName+" in the operator's namespace does the same while it is there")
	set.StringVar(&f.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz")
	set.StringVar(&f.metricsAddress, "metrics-bind-address", ":8443", "address of the metrics, HTTPS with authentication and authorization; 0 for none")
	set.StringVar(&f.pprofAddress, "pprof-bind-address", "0",
		"address of Go's profiles, without authentication, for a look at what costs memory or time; 0 for none")
	set.BoolVar(&f.development, "development", false, "log for people, with more detail, instead of JSON")
	set.Float64Var(&f.speed, "speed", 1, "how many times faster than real time Azure and vCenter run; for simulators only")
	set.BoolVar(&f.version, "version", false, "print the version and end")
	set.StringToStringVar(&f.resolve, "resolve", nil, "addresses of hosts of Azure that no DNS knows, NAME=ADDRESS, separated by commas; for simulators only")
	for _, hidden := range []string{"speed", "resolve"} {
		if err := set.MarkHidden(hidden); err != nil {
			return nil, err
		}
	}
	if err := set.Parse(arguments); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("unknown command %q; see --help", set.Arg(0))
	}
	features, err := feature.Parse(f.featureGates)
	if err != nil {
		return nil, err
	}
	f.features = features
	if f.namespace == "" {
		f.namespace = "avs-operator-system"
	}
	if len(f.operatorIdentityNamespaces) == 0 {
		f.operatorIdentityNamespaces = []string{f.namespace}
	}
	if f.speed <= 0 || f.leaseDuration < time.Second {
		return nil, errors.New("--speed must be above 0 and --lease-duration at least 1s")
	}
	for name, address := range f.resolve {
		if net.ParseIP(address) == nil {
			return nil, fmt.Errorf("--resolve %s=%s: %q is not an IP address", name, address, address)
		}
		delete(f.resolve, name)
		f.resolve[strings.ToLower(name)] = address
	}
	return f, nil
}

// heapRoom is how much the heap may grow before it is collected, in percent. Almost all of it are caches that stand still, so that collections
// are rare anyway: half of Go's usual room costs hardly any time, and spares memory that nothing uses.
const heapRoom = 50

func run(ctx context.Context, f *flags) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapRoom)
	}
	ctrl.SetLogger(zap.New(zap.UseDevMode(f.development)))
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find a kubeconfig: %w", err)
	}
	mgr, err := controllers.NewManager(ctx, config, controllers.Options{
		Namespace: f.namespace, Namespaces: f.namespaces,
		LeaderElection: f.leaderElect, LeaseDuration: f.leaseDuration,
		HealthAddress: f.healthAddress, MetricsAddress: f.metricsAddress, PprofAddress: f.pprofAddress,
		OperatorIdentityNamespaces: f.operatorIdentityNamespaces, AllowedEndpoints: f.allowedEndpoints, Resolve: f.resolve,
		AllowLocalEndpoints: f.allowLocalEndpoints, Features: f.features, Freeze: f.freeze, Pace: outcome.Pace(f.speed), Version: version,
	})
	if err != nil {
		return err
	}
	ctrl.Log.Info("Starting", "version", version, "namespaces", f.namespaces, "leaderElect", f.leaderElect)
	return mgr.Start(ctx)
}
