// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command static fails unless each named file is an executable for the given architecture that needs no loader and no
// shared library: one that does starts on the machine that built it, and on a distroless image dies with
// "no such file or directory".
package main

import (
	"debug/elf"
	"flag"
	"fmt"
	"os"
)

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

func main() {
	arch := flag.String("arch", "amd64", "the GOARCH that the files must be built for: amd64 or arm64")
	flag.Parse()
	for _, path := range flag.Args() {
		if err := check(path, *arch); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%s: static, %s\n", path, *arch)
	}
}

// check returns an error that says why the file at path is not a static executable for arch.
func check(path, arch string) error {
	file, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer func() { _ = file.Close() }() // opened for reading only: nothing can be lost

	if want, known := machines[arch]; !known || file.Machine != want {
		return fmt.Errorf("%s is built for %s, not for %s", path, file.Machine, arch)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically: it asks for a loader", path)
		}
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("reading the imports of %s: %w", path, err)
	}
	if len(libraries) > 0 {
		return fmt.Errorf("%s is linked dynamically: it needs %v", path, libraries)
	}
	return nil
}
