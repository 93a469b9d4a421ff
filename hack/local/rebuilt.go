// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// rebuilt follows the binary that make build writes, bin/avs-operator of the checkout, so that an edit runs as soon as it is built.
type rebuilt struct {
	files files
	seen  string // size and time of the file at the last look
	known string // size and time of the file that was taken or passed over
}

// followBuilds takes what is there for old: the operator has just been built from the checkout.
func followBuilds(f files) *rebuilt {
	r := &rebuilt{files: f}
	r.known, _ = r.state() // no file and one that cannot be read are the same here
	r.seen = r.known
	return r
}

func (r *rebuilt) path() string { return filepath.Join(r.files.root, "bin", "avs-operator") }

func (r *rebuilt) state() (string, error) {
	info, err := os.Stat(r.path())
	if err != nil {
		return "", err
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano()), nil
}

// take says whether another binary than the one that runs has been built, and has put it in its place then. A file that still changes between two looks is
// left for the next one: the linker writes for a while.
func (r *rebuilt) take() (bool, error) {
	state, err := r.state()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a new binary: %w", err)
	}
	settled := state == r.seen
	r.seen = state
	if !settled || state == r.known {
		return false, nil
	}
	r.known = state
	running, err := checksum(r.files.operator())
	if err != nil {
		return false, err
	}
	built, err := checksum(r.path())
	if err != nil || bytes.Equal(built, running) {
		return false, err
	}
	return true, replace(r.files.operator(), r.path())
}

// checksum of a file.
func checksum(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("compare binaries: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, fmt.Errorf("compare binaries: %w", err)
	}
	return sum.Sum(nil), nil
}

// replace puts a copy of a program where another one is, which may be running: it keeps its file until it ends.
func replace(old, path string) error {
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(old+".new", content, 0o700)
	}
	if err == nil {
		err = os.Rename(old+".new", old)
	}
	if err != nil {
		return fmt.Errorf("take a new binary: %w", err)
	}
	return nil
}
