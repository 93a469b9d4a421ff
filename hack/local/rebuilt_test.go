// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What make build writes is taken once it is whole, and only if it is another program.
func TestABuildIsTakenWhenItIsWhole(t *testing.T) {
	t.Parallel()
	f := files{root: t.TempDir(), dir: t.TempDir()}
	for _, dir := range []string{filepath.Join(f.root, "bin"), f.at("bin")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	built := filepath.Join(f.root, "bin", "avs-operator")
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(f.operator(), "first")
	builds := followBuilds(f)
	step := func(when string, want bool, runs string) {
		t.Helper()
		taken, err := builds.take()
		content, _ := os.ReadFile(f.operator())
		if err != nil || taken != want || string(content) != runs {
			t.Errorf("%s: taken %t, and %q runs; want %t and %q (%v)", when, taken, content, want, runs, err)
		}
	}
	step("nothing was ever built", false, "first")
	write(built, "sec")
	step("the linker has begun", false, "first")
	write(built, "second")
	step("the linker still writes", false, "first")
	step("it is whole", true, "second")
	step("nothing else was built", false, "second")
	if err := os.Remove(built); err != nil {
		t.Fatal(err)
	}
	step("make clean", false, "second")
	write(built, "second")
	step("the same again", false, "second")
	step("the same again, whole", false, "second")

	if again := followBuilds(f); again.known == "" {
		t.Error("what was there at the start counts as new")
	}
}

// A shell reads the words that are printed for it as they were meant.
func TestPrintedCommandsAreReadByAShell(t *testing.T) {
	t.Parallel()
	o := &operator{kubeconfig: "/home/o'brien/a b/operator.kubeconfig", speed: 600, health: "127.0.0.1:1", azure: []string{"--allowed-endpoints=a,*.a"}}
	output, err := exec.Command("sh", "-euc",
		assignments(o.variables())+` sh -c 'printf "%s\n" "$KUBECONFIG" "$POD_NAMESPACE" "$@"' sh `+words(o.byHand())).Output()
	want := append([]string{o.kubeconfig, operatorNamespace}, o.byHand()...)
	if got := strings.Split(strings.TrimSuffix(string(output), "\n"), "\n"); err != nil || !slices.Equal(got, want) {
		t.Errorf("read %q, want %q (%v)", got, want, err)
	}
}
