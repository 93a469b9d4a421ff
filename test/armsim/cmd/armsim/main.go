// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command armsim runs the simulator of Azure: Entra ID, Azure Resource Manager and Microsoft.AVS, with a live vCenter for every
// private cloud that is built in it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/avs-operator/avs-operator/test/armsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "armsim:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. Everything that a client needs goes to out, the log to logs.
func run(ctx context.Context, args []string, out, logs io.Writer) error {
	o, err := parseFlags(args, logs)
	if errors.Is(err, errHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	config, err := o.config()
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	config.Log = slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: level}))
	// Not with ctx: when it ends, the state is saved first, while nothing has been torn down.
	server, err := armsim.Start(context.WithoutCancel(ctx), config)
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	defer server.Close()
	if err := os.WriteFile(o.caOut, server.CAPEM(), 0o644); err != nil {
		return fmt.Errorf("writing the CA: %w", err)
	}
	o.printClients(out, server.URL(), server.ControlURL())
	if err := o.follow(ctx, server); err != nil {
		return err
	}
	if o.save != "" {
		if err := server.SaveFile(o.save); err != nil {
			return err
		}
	}
	server.Close()
	_, err = fmt.Fprintln(out, "Stopped.")
	return err
}

// follow writes the state to a file whenever it changes, until ctx ends.
func (o *options) follow(ctx context.Context, server *armsim.Server) error {
	if o.stateOut == "" {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last []byte
	for {
		text, err := state(server)
		if err != nil {
			return err
		}
		if string(text) != string(last) {
			if err := replaceFile(o.stateOut, text); err != nil {
				return err
			}
			last = text
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
