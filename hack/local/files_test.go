// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestSecondRunIsToldWhoHasTheDirectory(t *testing.T) {
	f := files{dir: t.TempDir()}
	lock, err := f.claim()
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.claim()
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), "kubeconfig") {
		t.Errorf("the second claim got %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := f.claim()
	if err != nil {
		t.Fatalf("the directory is free again: %v", err)
	}
	_ = again.Close()
}

func TestLaunchersEndAtAShellThatNoMakeRuns(t *testing.T) {
	shell := exec.Command("sh", "-c", "read x; exit")
	input, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	if _, ok := lookUp(shell.Process.Pid); !ok {
		t.Skip("processes cannot be looked up here")
	}
	if found := launchers(shell.Process.Pid); len(found) != 0 {
		t.Errorf("a person's shell counts as a launcher: %+v", found)
	}
	_ = input.Close()
	_ = shell.Wait() // it ends because its input does
	if _, ok := lookUp(shell.Process.Pid); ok {
		t.Error("a process that has ended is still there")
	}
}

func TestParse(t *testing.T) {
	t.Setenv("SPEED", "")
	t.Setenv("OPERATOR", "")
	if got, err := parse([]string{"demo"}); got != (settings{command: "demo", speed: defaultSpeed, region: location}) || err != nil {
		t.Errorf("demo: %+v %v", got, err)
	}
	t.Setenv("SPEED", "60")
	if got, err := parse([]string{"local"}); got != (settings{command: "local", speed: 60}) || err != nil {
		t.Errorf("local at 60: %+v %v", got, err)
	}
	t.Setenv("OPERATOR", "none")
	if got, err := parse([]string{"local"}); got != (settings{command: "local", speed: 60, byHand: true}) || err != nil {
		t.Errorf("local without an operator: %+v %v", got, err)
	}
	if got, err := parse([]string{"demo"}); err == nil {
		t.Errorf("a demo without an operator: %+v", got)
	}
	t.Setenv("OPERATOR", "")
	for _, bad := range [][]string{{}, {"-operator=mine", "local"}, {"other"}, {"demo", "local"}, {"-speed=0", "demo"}, {"-speed=NaN", "demo"},
		{"-speed=fast", "demo"}, {"-record=x", "local"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
