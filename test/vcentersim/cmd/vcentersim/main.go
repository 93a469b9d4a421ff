// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command vcentersim runs one simulated vCenter until it is told to stop.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "vcentersim:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It prints URL, user, thumbprints and instance UUID to out; never the password.
func run(ctx context.Context, args []string, out, logs io.Writer) error {
	c := vcentersim.Config{Log: slog.New(slog.NewTextHandler(logs, nil))}
	flags := flag.NewFlagSet("vcentersim", flag.ContinueOnError)
	flags.SetOutput(logs)
	layout := flags.String("layout", string(vcentersim.OnPremises), "inventory to start with: OnPremises or AVS")
	groups := flags.String("portgroups", "", "further distributed port groups, separated by commas; NSX-backed with -layout AVS")
	certOut := flags.String("cert-out", "", "file to write the certificate to, PEM; it is its own root")
	flags.StringVar(&c.Name, "name", "", "name of the datacenter (OnPremises, default Oslo), or part of the hosts' names (AVS)")
	flags.StringVar(&c.Listen, "listen", "127.0.0.1:0", "address to listen on")
	flags.StringVar(&c.Username, "username", "",
		"first account (default administrator@vsphere.local, or cloudadmin@vsphere.local with CloudAdmin's limited rights)")
	flags.StringVar(&c.Password, "password", os.Getenv("VCENTERSIM_PASSWORD"), "its password (default $VCENTERSIM_PASSWORD, or VMware1!)")
	flags.IntVar(&c.Hosts, "hosts", 3, "hosts of the first cluster")
	flags.IntVar(&c.Machines, "machines", 0, "running machines to start with (OnPremises)")
	flags.Float64Var(&c.Speed, "speed", 1, "how many times faster than real time transfers, guest shutdowns and lock-outs go")
	flags.Int64Var(&c.Seed, "seed", 1, "seed of generated UUIDs, MAC addresses and sizes")
	flags.Float64Var(&c.Bandwidth, "bandwidth", 1.25e9, "bytes a simulated second that all moves leaving here share")
	flags.Usage = func() {
		fmt.Fprint(logs, "vcentersim serves a simulated vCenter on HTTPS until it gets INT or TERM.\n\nFlags:\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	c.Layout = vcentersim.Layout(*layout)
	if c.Layout != vcentersim.OnPremises && c.Layout != vcentersim.AVS {
		return fmt.Errorf("-layout %s: must be OnPremises or AVS", *layout)
	}
	if *groups != "" {
		c.PortGroups = strings.Split(*groups, ",")
	}
	v, err := vcentersim.Start(ctx, c)
	if err != nil {
		return err
	}
	defer v.Close()
	if *certOut != "" {
		if err := os.WriteFile(*certOut, v.CertificatePEM(), 0o644); err != nil { //nolint:gosec // a certificate is public.
			return fmt.Errorf("write the certificate: %w", err)
		}
	}
	fmt.Fprintf(out, "url: %s\nusername: %s\nthumbprint: %s\nthumbprint-sha256: %s\ninstance-uuid: %s\n",
		v.URL(), v.Username(), v.Thumbprint(), v.ThumbprintSHA256(), v.InstanceUUID())
	<-ctx.Done()
	return nil
}
