// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/featuregate"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Options of NewManager. The zero value of an address means none.
type Options struct {
	// Namespace that the operator runs in; Namespaces that it watches, empty for all.
	Namespace  string
	Namespaces []string
	// LeaderElection lets one of several processes work, and each know that it is the one before it writes.
	LeaderElection bool
	// LeaseDuration in real time.
	LeaseDuration                 time.Duration
	HealthAddress, MetricsAddress string
	// PprofAddress serves Go's profiles, without authentication.
	PprofAddress string
	// OperatorIdentityNamespaces may use the operator's own identity.
	OperatorIdentityNamespaces []string
	// AllowedEndpoints are hosts that any AzureIdentity may send tokens to.
	AllowedEndpoints []string
	// Resolve are addresses of hosts of Azure, by lower-case name, that no DNS knows; nil: none.
	Resolve map[string]string
	// Features are the feature gates; nil: as they are by default.
	Features featuregate.FeatureGate
	// AllowLocalEndpoints lets VCenters and custom Azure endpoints be at addresses that are local to the operator.
	AllowLocalEndpoints bool
	// Freeze begins nothing new in Azure and in vCenters.
	Freeze bool
	// Pace of Azure and vCenter; zero is real time.
	Pace outcome.Pace
	// Clock by which records are read; nil: one that follows the API server's.
	Clock *ledger.Clock
	// MayWrite is asked right before each write to Azure or vCenter leaves; with LeaderElection it is the lease, otherwise nil means always.
	MayWrite func() error
	// Version goes into the user agent.
	Version string
	// Registry takes the operator's metrics; nil: controller-runtime's own, which is what the manager serves.
	Registry prometheus.Registerer
	// RepeatNames lets one process hold several managers, as tests do. Without a Registry each has one of its own then, which nobody serves.
	RepeatNames bool
	// Logger of the manager; the zero value is the global one.
	Logger logr.Logger
	// WrapTransport and WrapVCenterTransport let tests count and stop calls to Azure and to vCenters; nil: they are left as they are. The way
	// to the API server is wrapped in the rest.Config.
	WrapTransport, WrapVCenterTransport func(http.RoundTripper) http.RoundTripper
}

// Scheme knows every kind that the operator reads or writes.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err) // two types of one name: no program can go on with that
		}
	}
	return scheme
}

// NewManager makes the operator, ready to start.
func NewManager(ctx context.Context, restConfig *rest.Config, o Options) (ctrl.Manager, error) {
	options := managerOptions(o)
	if o.Clock == nil {
		o.Clock = &ledger.Clock{}
	}
	restConfig = rest.CopyConfig(restConfig)
	restConfig.Wrap(o.Clock.Learn)
	if o.LeaderElection {
		lease, err := NewLeadership(restConfig, o.Namespace, identity(), o.LeaseDuration)
		if err != nil {
			return nil, err
		}
		options.LeaderElectionResourceLockInterface, o.MayWrite = lease, lease.MayWrite
	}
	mgr, err := ctrl.NewManager(restConfig, options)
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := addProbes(mgr); err != nil {
		return nil, err
	}
	if err := setup(ctx, mgr, o); err != nil {
		return nil, fmt.Errorf("set the controllers up: %w", err)
	}
	return mgr, nil
}

func managerOptions(o Options) ctrl.Options {
	lease := o.LeaseDuration
	if lease == 0 {
		lease = 15 * time.Second
	}
	options := ctrl.Options{
		Scheme:                        Scheme(),
		LeaderElection:                o.LeaderElection,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 ptr.To(lease),
		RenewDeadline:                 ptr.To(lease * 2 / 3),
		RetryPeriod:                   ptr.To(lease / 6),
		HealthProbeBindAddress:        orNone(o.HealthAddress),
		PprofBindAddress:              orNone(o.PprofAddress),
		Metrics: metricsserver.Options{BindAddress: orNone(o.MetricsAddress), SecureServing: true,
			FilterProvider: filters.WithAuthenticationAndAuthorization},
		Logger:     o.Logger,
		Controller: config.Controller{SkipNameValidation: ptr.To(o.RepeatNames)},
		Cache:      cache.Options{DefaultTransform: slim},
		Client: client.Options{
			FieldOwner: "avs-operator", FieldValidation: "Strict",
			Cache: &client.CacheOptions{
				// Secrets and ConfigMaps are cached as metadata only; their values are read when they are used.
				DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}},
				// It saves conflicts and no more: every write that matters carries a resourceVersion. Over several namespaces it does not work.
				EnableReadYourWritesConsistency: ptr.To(len(o.Namespaces) <= 1),
			},
		},
	}
	if len(o.Namespaces) > 0 {
		options.Cache.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range o.Namespaces {
			options.Cache.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}

// slim takes from what is cached the parts that nobody here reads and that are often larger than the rest: who set which field, and the copy of
// the object that kubectl apply leaves in it. Patches say only what they change, so neither is lost.
func slim(object any) (any, error) {
	if m, ok := object.(metav1.Object); ok {
		m.SetManagedFields(nil)
		delete(m.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	}
	return object, nil
}

func orNone(address string) string {
	if address == "" {
		return "0"
	}
	return address
}

// addProbes: healthy while it answers, ready when the caches have synced, which a standby's have too.
func addProbes(mgr ctrl.Manager) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add the health probe: %w", err)
	}
	synced := func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches have not synced yet")
		}
		return nil
	}
	if err := mgr.AddReadyzCheck("caches", synced); err != nil {
		return fmt.Errorf("add the ready probe: %w", err)
	}
	return nil
}

// identity of this process among those that may lead.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "avs-operator"
	}
	return host + "_" + string(uuid.NewUUID())
}
