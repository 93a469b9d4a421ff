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

// demoTimeout ends a demo that stands still.
const demoTimeout = 10 * time.Minute

// runDemo runs the whole story in an environment of its own, and returns nil only if the end state is right.
func runDemo(ctx context.Context, speed float64) (err error) {
	ctx, cancel := context.WithTimeout(ctx, demoTimeout)
	defer cancel()
	root, err := findRoot()
	if err != nil {
		return err
	}
	f := files{root: root, dir: filepath.Join(root, ".local", fmt.Sprintf("demo-%s-%d", time.Now().Format("150405"), os.Getpid()))}
	s := newScreen()
	e, err := startEnvironment(ctx, f, speed, true, s.say)
	if err != nil {
		return explain(ctx, err, f)
	}
	d := &demo{environment: e, screen: s, board: newBoard(), before: e.world.oslo.Machines(), started: time.Now()}
	err = d.play(ctx)
	if err == nil {
		err = d.judge(ctx)
	}
	if err := errors.Join(err, e.stop()); err != nil {
		return explain(ctx, err, f)
	}
	return os.RemoveAll(f.dir)
}

// explain says why the demo ended and where to look.
func explain(ctx context.Context, err error, f files) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("not done within %s: %w", demoTimeout, err)
	case ctx.Err() != nil:
		err = fmt.Errorf("stopped: %w", err)
	}
	return fmt.Errorf("%w\nLogs are in %s", err, shown(f.logs()))
}
