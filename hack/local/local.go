// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	// healthPeriod is how often the control plane is looked at.
	healthPeriod = time.Second
	// quickEnd is an end so soon after the start that the next start would end the same way; after maxQuickEnds of them we stop.
	quickEnd     = 5 * time.Second
	maxQuickEnds = 3
)

// runLocal runs everything until ctx ends.
func runLocal(ctx context.Context, asked settings) (err error) {
	root, err := findRoot()
	if err != nil {
		return err
	}
	f := files{root: root, dir: filepath.Join(root, ".local")}
	lock, err := f.claim()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	say := func(format string, arguments ...any) { fmt.Printf("· "+format+"\n", arguments...) }
	e, err := startEnvironment(ctx, f, asked, false, say)
	if err != nil {
		if ctx.Err() != nil {
			fmt.Println("\nStopped.")
			return nil
		}
		return err
	}
	printGuide(e)
	if e.byHand {
		printByHand(e)
	}
	err = e.supervise(ctx)
	fmt.Println("\nStopping ...")
	if err := errors.Join(err, e.stop()); err != nil {
		return err
	}
	fmt.Println("Stopped. Logs are in", shown(f.logs()))
	return nil
}

// supervise returns when ctx ends, or when something has ended that cannot be started again. The operator is: as a Deployment would, so
// that it may be killed to see what happens; and when make build has written another binary.
func (e *environment) supervise(ctx context.Context) error {
	builds := followBuilds(e.files)
	lately := &ends{started: time.Now()}
	for {
		ended := e.operator.done() // nil, and so never closed, if a person starts the operator
		if lately.resting {
			ended = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(healthPeriod):
			if err := e.plane.Check(); err != nil {
				return err
			}
			if !e.byHand && e.takeBuild(ctx, builds) {
				*lately = ends{started: time.Now(), edited: true}
			}
		case <-ended:
			if err := e.startAgain(ctx, lately); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// ends are how the operator has ended lately.
type ends struct {
	started time.Time
	quick   int
	edited  bool // the binary is one that make build wrote: the next one may be better
	resting bool // nothing starts until the next make build
}

// startAgain starts an operator that has ended, unless it does so again and again.
func (e *environment) startAgain(ctx context.Context, ends *ends) error {
	if ends.quick++; time.Since(ends.started) > quickEnd {
		ends.quick = 1
	}
	if ends.quick >= maxQuickEnds {
		err := fmt.Errorf("the operator ended %d times soon after its start, last with %s; see %s",
			ends.quick, e.operator.how(), shown(e.files.at("logs", "operator.log")))
		if !ends.edited {
			return err
		}
		fmt.Printf("Not started again until the next make build: %v\n", err)
		ends.resting = true
		return nil
	}
	fmt.Printf("The operator ended (%s); it is started again.\n", e.operator.how())
	ends.started = time.Now()
	if err := e.operator.start(ctx); !ends.edited {
		return err
	}
	return nil // how it ended is told at the next look
}

// takeBuild starts the operator anew if make build has written another binary, and says whether it has. A binary that does not start is told, and ends
// nothing: the next one may.
func (e *environment) takeBuild(ctx context.Context, builds *rebuilt) bool {
	taken, err := builds.take()
	if err != nil {
		fmt.Println("The new binary is not taken:", err)
	}
	if !taken {
		return false
	}
	fmt.Printf("%s has changed: the operator is started again from it.\n", shown(builds.path()))
	if err := errors.Join(e.operator.stop(), e.operator.start(ctx)); err != nil && ctx.Err() == nil {
		fmt.Println(err)
	}
	return true
}

// printByHand says how a person starts the operator.
func printByHand(e *environment) {
	fmt.Printf(`
The operator is yours to start, as ServiceAccount %[1]s/%[2]s. From a shell, in this directory:

  %[3]s go run . %[4]s

under a debugger (go install github.com/go-delve/delve/cmd/dlv@latest), which builds all without optimizing the first time:

  %[3]s dlv debug . -- %[4]s

or in an IDE: main.go of this directory, with these variables and these arguments.
`, operatorNamespace, operatorAccount, assignments(e.operator.variables()), words(e.operator.byHand()))
}

func printGuide(e *environment) {
	f := e.files
	fmt.Printf(`
Ready. In another terminal, in this directory:

  export KUBECONFIG=%[1]s
  alias kubectl=%[2]s
  kubectl apply -k %[3]s        # config/samples, with this Azure's and this vCenter's addresses
  kubectl get avs -A -w
  kubectl -n %[4]s patch wmove finance --type=merge -p '{"spec":{"state":"Run"}}'   # once it is Planned
  kubectl apply -k config/samples/after-move   # once it is Complete: what is about the machines that have come

The namespace %[4]s has what the samples refer to: Secret azure-client-secret and ConfigMap azure-ca for Azure,
Secret oslo-vcenter and ConfigMap oslo-ca for the vCenter in Oslo, and ServiceAccount %[5]s for workload identity.

  Azure            %[6]s   tenant %[7]s, client %[8]s
                   subscription %[9]s, resource group %[10]s
  vCenter in Oslo  %[11]s   user %[12]s
                   thumbprint %[13]s
  Time             %[14]gx real time: an hour in Azure takes %[15]s

Other clients (Azure SDKs, Terraform, govc) find them too:   . %[16]s
After that Azure can be made to fail (docs/armsim.md, "Control", lists what it takes), such as three times at the next writes:
  curl --cacert "$SSL_CERT_FILE" -H "Authorization: Bearer $ARMSIM_CONTROL_TOKEN" "$ARMSIM_CONTROL_URL/faults" -d '{"verb":"PUT","count":3,"status":503}'
Logs are in %[17]s. Ctrl-C stops everything.
`, f.kubeconfig(), f.kubectl(), shown(f.samples()), namespace, federatedAccount,
		e.world.azure.URL(), tenantID, clientID, subscriptionID, resourceGroup,
		e.world.oslo.URL(), osloUser, e.world.oslo.Thumbprint(), e.speed,
		(time.Duration(float64(time.Hour) / e.speed)).Round(100*time.Millisecond), shown(f.env()), shown(f.logs()))
}
