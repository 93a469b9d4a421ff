// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"

	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// What config/samples names.
const (
	tenantID       = "72f988bf-0000-4000-8000-00000000aaaa"
	clientID       = "0f8fad5b-0000-4000-8000-00000000cccc"
	subscriptionID = "11111111-1111-1111-1111-111111111111"
	resourceGroup  = "rg-avs"
	location       = "westeurope"
	namespace      = "vmware"
	// federatedAccount is a ServiceAccount of that namespace whose tokens the simulated Entra accepts in place of the secret.
	federatedAccount = "avs-azure"
	osloUser         = "administrator@vsphere.local"
)

const (
	// osloMachines run on premises from the start. Every fifth is in the folder Infra and stays; the others are what the sample moves.
	osloMachines = 25
	osloHosts    = 4
	// circuit is an ExpressRoute circuit of 1 Gbit/s, in bytes a second: what all moves share on their way.
	circuit = 125e6
	// seed makes lengths of operations and machines the same at every run.
	seed = 7
)

// simulators are the outside world.
type simulators struct {
	azure        *armsim.Server
	oslo         *vcentersim.VCenter
	clientSecret string
	osloPassword string
	controlToken string
	logs         []*os.File
}

// startSimulators starts Azure and the vCenter in Oslo. issuer and keys are the Kubernetes API server's, for workload identity. With
// a region, Azure's links lead to its host.
func startSimulators(f files, speed float64, region, issuer string, keys func(context.Context) ([]byte, error)) (_ *simulators, err error) {
	s := &simulators{clientSecret: rand.Text(), osloPassword: rand.Text(), controlToken: rand.Text()}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	azureLog, err := s.logger(f, "azure.log")
	if err != nil {
		return nil, err
	}
	osloLog, err := s.logger(f, "vcenter-oslo.log")
	if err != nil {
		return nil, err
	}
	// Not the caller's context: the operator is stopped first, and must not see the world go before it.
	ctx := context.Background()
	s.azure, err = armsim.Start(ctx, armsim.Config{
		Speed: speed, Seed: seed, Log: azureLog, Name: hostOf(region), Region: region, Control: "127.0.0.1:0", ControlToken: s.controlToken,
		Tenants: []armsim.Tenant{{ID: tenantID, Applications: []armsim.Application{{
			ClientID: clientID, Secrets: []string{s.clientSecret},
			Federated: []armsim.FederatedCredential{{Issuer: issuer, Subject: "system:serviceaccount:" + namespace + ":" + federatedAccount, Keys: keys}},
		}}}},
		Subscriptions:     []armsim.Subscription{{ID: subscriptionID, TenantID: tenantID, DisplayName: "Production"}},
		ResourceGroups:    []armsim.ResourceGroup{{SubscriptionID: subscriptionID, Name: resourceGroup, Location: location}},
		VCenterPortGroups: []string{"finance-app", "finance-web"},
	})
	if err != nil {
		return nil, fmt.Errorf("start the simulated Azure: %w", err)
	}
	s.oslo, err = vcentersim.Start(ctx, vcentersim.Config{
		Layout: vcentersim.OnPremises, Name: "Oslo", Username: osloUser, Password: s.osloPassword,
		Hosts: osloHosts, Machines: osloMachines, Bandwidth: circuit, Speed: speed, Seed: seed, Log: osloLog,
	})
	if err != nil {
		return nil, fmt.Errorf("start the vCenter in Oslo: %w", err)
	}
	return s, nil
}

// hostOf is the name that Azure is at: regional hosts stand below a name, not below an address. Without any, the address spares clients a look-up.
func hostOf(region string) string {
	if region == "" {
		return ""
	}
	return "localhost"
}

func (s *simulators) logger(f files, name string) (*slog.Logger, error) {
	file, err := f.log(name)
	if err != nil {
		return nil, err
	}
	s.logs = append(s.logs, file)
	return slog.New(slog.NewTextHandler(file, nil)), nil
}

func (s *simulators) stop() {
	if s.oslo != nil {
		s.oslo.Close()
	}
	if s.azure != nil {
		s.azure.Close()
	}
	for _, log := range s.logs {
		_ = log.Close() // nothing is buffered
	}
}
