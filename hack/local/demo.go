// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// demoTimeout ends a demo that stands still: real time for what runs here, and Azure's own for the longest build and all moves.
func demoTimeout(speed float64) time.Duration {
	return 5*time.Minute + time.Duration(float64(12*time.Hour)/speed)
}

// runDemo runs the whole story in an environment of its own, and returns nil only if the end state is right.
func runDemo(ctx context.Context, asked settings) (err error) {
	ctx, cancel := context.WithTimeout(ctx, demoTimeout(asked.speed))
	defer cancel()
	root, err := findRoot()
	if err != nil {
		return err
	}
	if asked.record != "" {
		if err := errors.Join(recordingInto(asked.record), recordSchemas(root, asked.record)); err != nil {
			return err
		}
	}
	if err := sweep(filepath.Join(root, ".local")); err != nil {
		return err
	}
	f := files{root: root, dir: filepath.Join(root, ".local", fmt.Sprintf("demo-%s-%d", time.Now().Format("150405"), os.Getpid()))}
	lock, err := f.claim()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	s := newScreen()
	e, err := startEnvironment(ctx, f, asked, true, s.say)
	if err != nil {
		return errors.Join(explain(ctx, err, f), f.slim())
	}
	d := &demo{environment: e, keep: asked.record, screen: s, board: newBoard(), before: e.world.oslo.Machines(), started: time.Now()}
	err = d.play(ctx)
	if err == nil {
		err = d.judge(ctx)
	}
	if err := errors.Join(err, e.stop()); err != nil {
		return errors.Join(explain(ctx, err, f), f.slim())
	}
	return os.RemoveAll(f.dir)
}

// sweep takes away what demos that were killed have left, but for their logs.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, "demo-*"))
	if err != nil {
		return fmt.Errorf("look for earlier demos: %w", err)
	}
	for _, path := range left {
		f := files{dir: path}
		lock, err := f.claim()
		if err != nil {
			continue // it runs
		}
		if err := errors.Join(f.slim(), lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// explain says why the demo ended and where to look.
func explain(ctx context.Context, err error, f files) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("not done in time: %w", err)
	case ctx.Err() != nil:
		err = fmt.Errorf("stopped: %w", err)
	}
	return fmt.Errorf("%w\nLogs are in %s", err, shown(f.logs()))
}
