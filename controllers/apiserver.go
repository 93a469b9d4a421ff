// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
)

// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,resourceNames=kubernetes,verbs=get,namespace=default

// apiServer lists the addresses of the API server: of its Service, of its endpoints, and of where this process reaches it. What cannot be found
// out is left out.
func apiServer(mgr ctrl.Manager) func(context.Context) []netip.Addr {
	return func(ctx context.Context) []netip.Addr {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		hosts := []string{os.Getenv("KUBERNETES_SERVICE_HOST"), hostOf(mgr.GetConfig().Host)}
		slice := &discoveryv1.EndpointSlice{}
		if err := mgr.GetAPIReader().Get(ctx, types.NamespacedName{Namespace: "default", Name: "kubernetes"}, slice); err == nil {
			for _, endpoint := range slice.Endpoints {
				hosts = append(hosts, endpoint.Addresses...)
			}
		}
		var out []netip.Addr
		for _, host := range hosts {
			if host == "" {
				continue
			}
			found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host) // of an address, that address
			if err != nil {
				continue
			}
			for _, a := range found {
				out = append(out, a.Unmap())
			}
		}
		return out
	}
}

// hostOf is the host of a rest.Config, which may or may not have a scheme.
func hostOf(server string) string {
	if !strings.Contains(server, "://") {
		server = "https://" + server
	}
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
