// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command local runs everything that avs-operator needs on this machine: a Kubernetes control plane, an Azure and an on-premises
// vCenter, both simulated, and the operator itself.
//
//	go run ./hack/local local   in the foreground until Ctrl-C, with .local/kubeconfig and .local/env
//	go run ./hack/local demo    a private cloud is built, machines move into it while they run, and the end state is checked
//
// `make local` and `make demo` do the same once the control plane is built.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// defaultSpeed turns the hours that Azure takes for a private cloud into half a minute, and leaves moves long enough to watch.
const defaultSpeed = 600

func main() {
	os.Exit(run(os.Args[1:]))
}

// run returns the exit code.
func run(arguments []string) int {
	asked, err := parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		return 2
	}
	ctx, stop := stoppable()
	defer stop()
	if asked.command == "demo" {
		err = runDemo(ctx, asked)
	} else {
		err = runLocal(ctx, asked)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "\n%s: %v\n", asked.command, err)
		return 1
	}
	return 0
}

// settings are what the command line asks for.
type settings struct {
	command string // local or demo
	speed   float64
	region  string // whose host Azure's links name; empty: none
	record  string // directory that keeps what a demo stores; empty: none
	byHand  bool   // everything runs but the operator, which a person starts
}

func parse(arguments []string) (s settings, err error) {
	set := flag.NewFlagSet("local", flag.ContinueOnError)
	set.Usage = func() {
		fmt.Fprintln(set.Output(), "Usage: go run ./hack/local [-speed N] [-region NAME] [-operator own|none] [-record DIRECTORY] local|demo")
		set.PrintDefaults()
	}
	pace := set.String("speed", os.Getenv("SPEED"), "how many times faster than real time Azure and vCenter run; default $SPEED, else "+strconv.Itoa(defaultSpeed))
	set.StringVar(&s.region, "region", "", "have polling URLs and nextLinks name this region's host, NAME.localhost, as Azure's may; "+
		"the operator is told where that is. The demo does, with "+location)
	set.StringVar(&s.record, "record", "",
		"keep the schemas, and the objects as they are stored at the demo's turns, in this new directory; make record-release does")
	operator := set.String("operator", cmp.Or(os.Getenv("OPERATOR"), "own"),
		"own runs the operator; none runs everything else, and prints how to start it in an IDE or a debugger; default $OPERATOR, else own")
	if err := set.Parse(arguments); err != nil {
		return s, err
	}
	if *pace == "" {
		*pace = strconv.Itoa(defaultSpeed)
	}
	if s.speed, err = strconv.ParseFloat(*pace, 64); err != nil || !(s.speed >= 1 && s.speed <= 100_000) {
		return s, fmt.Errorf("the speed must be a number from 1 to 100000, not %q", *pace)
	}
	if s.command = set.Arg(0); set.NArg() != 1 || (s.command != "local" && s.command != "demo") {
		set.Usage()
		return s, fmt.Errorf("say local or demo, not %q", set.Args())
	}
	if s.byHand = *operator == "none"; !s.byHand && *operator != "own" {
		return s, fmt.Errorf("the operator is own or none, not %q", *operator)
	}
	if s.command == "demo" && s.byHand {
		return s, errors.New("a demo runs its own operator: leave OPERATOR and -operator out, or say local")
	}
	if s.command != "demo" && s.record != "" {
		return s, errors.New("only a demo is recorded: leave -record out, or say demo")
	}
	if s.command == "demo" && s.region == "" {
		s.region = location
	}
	return s, nil
}

// stoppable returns a context that ends with Ctrl-C, with TERM, when the terminal goes, and with the `go run` or `make` that
// started us. Calling stop gives the signals their usual meaning back.
func stoppable() (context.Context, context.CancelFunc) {
	signals := []os.Signal{syscall.SIGTERM}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		// A script starts its background jobs with INT ignored, and nohup ignores HUP: both mean that we should stay.
		if !signal.Ignored(s) {
			signals = append(signals, s)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once; children die with us
	ctx, cancel := context.WithCancel(ctx)
	go stopWithParents(ctx, cancel)
	return ctx, func() { cancel(); stop() }
}
