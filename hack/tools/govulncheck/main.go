// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command govulncheck looks for known vulnerabilities whose code this repository calls, with the database of the Go module golang.org/x/vulndb, so
// that nothing but the module proxy is needed. It fails on one that accepted.txt does not list, and names the lines there that this machine's Go does not need.
//
//	govulncheck REPOSITORY ACCEPTED
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/vuln/scan"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: govulncheck REPOSITORY ACCEPTED")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "govulncheck:", err)
		os.Exit(1)
	}
}

func run(repository, table string) error {
	accepted, err := read(table)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "vulndb")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := index(work); err != nil {
		return fmt.Errorf("make a database of golang.org/x/vulndb: %w", err)
	}
	found, err := look(repository, work)
	if err != nil {
		return err
	}
	var wrong []string
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if accepted[id] == "" {
			wrong = append(wrong, fmt.Sprintf("%s is called: %s\n  Take the fixed version, or add a line to %s: %s DATE REASON", id, found[id], table, id))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(accepted)) {
		if found[id] == "" {
			fmt.Printf("%s is accepted in %s and does not occur here: take the line out when no supported version of Go needs it\n", id, table)
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	fmt.Printf("%d known vulnerabilities are called, all of them accepted in %s\n", len(found), table)
	return nil
}

var line = regexp.MustCompile(`^(GO-\d{4}-\d+)\s+(\d{4}-\d{2}-\d{2})\s+(\S.{9,})$`)

// read is the table of accepted findings: id, date and reason, one a line.
func read(table string) (map[string]string, error) {
	content, err := os.ReadFile(table)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for n, text := range strings.Split(string(content), "\n") {
		if text = strings.TrimSpace(text); text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		parts := line.FindStringSubmatch(text)
		if parts == nil || out[parts[1]] != "" {
			return nil, fmt.Errorf("%s:%d: want an id, a date and a reason, and each id once: %s", table, n+1, text)
		}
		out[parts[1]] = parts[3]
	}
	return out, nil
}

// entry is what an index needs of a vulnerability.
type entry struct {
	ID       string   `json:"id"`
	Modified string   `json:"modified"`
	Aliases  []string `json:"aliases,omitempty"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"affected,omitempty"`
}

// index writes the files that govulncheck reads, from the module in Go's cache: https://go.dev/doc/security/vuln/database#api.
func index(to string) error {
	said, err := exec.Command("go", "mod", "download", "-json", "golang.org/x/vulndb").Output()
	var module struct{ Dir, Error string }
	if err := errors.Join(err, json.Unmarshal(said, &module)); err != nil {
		return fmt.Errorf("%w %s", err, module.Error)
	}
	files, err := filepath.Glob(filepath.Join(module.Dir, "data", "osv", "*.json"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s has no data/osv (%w)", module.Dir, err)
	}
	newest, vulns, modules := "", []entry{}, map[string][]map[string]string{}
	if err := errors.Join(os.Mkdir(filepath.Join(to, "ID"), 0o755), os.Mkdir(filepath.Join(to, "index"), 0o755)); err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		var one entry
		if err := errors.Join(err, json.Unmarshal(content, &one), os.WriteFile(filepath.Join(to, "ID", filepath.Base(file)), content, 0o644)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		newest = max(newest, one.Modified)
		affected := map[string]bool{}
		for _, a := range one.Affected {
			affected[a.Package.Name] = true
		}
		for name := range affected {
			modules[name] = append(modules[name], map[string]string{"id": one.ID, "modified": one.Modified})
		}
		one.Affected = nil
		vulns = append(vulns, one)
	}
	byModule := []map[string]any{}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		byModule = append(byModule, map[string]any{"path": path, "vulns": modules[path]})
	}
	for name, value := range map[string]any{"db": map[string]string{"modified": newest}, "vulns": vulns, "modules": byModule} {
		content, err := json.Marshal(value)
		if err := errors.Join(err, os.WriteFile(filepath.Join(to, "index", name+".json"), content, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// look finds the vulnerabilities whose code is called, and where.
func look(repository, database string) (map[string]string, error) {
	var out, problems bytes.Buffer
	cmd := scan.Command(context.Background(), "-C", repository, "-db", "file://"+database, "-format", "json", "./...")
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Start()
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, problems.String())
	}
	found := map[string]string{}
	for decoder := json.NewDecoder(&out); ; {
		var message struct {
			Finding *struct {
				OSV   string `json:"osv"`
				Fixed string `json:"fixed_version"`
				Trace []struct{ Module, Version, Package, Function string }
			}
		}
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what govulncheck says: %w", err)
		}
		if f := message.Finding; f != nil && len(f.Trace) > 0 && f.Trace[0].Function != "" && found[f.OSV] == "" {
			at := f.Trace[0]
			by := f.Trace[len(f.Trace)-1]
			found[f.OSV] = fmt.Sprintf("%s.%s of %s@%s, fixed in %q, by %s.%s", at.Package, at.Function, at.Module, at.Version, f.Fixed, by.Package, by.Function)
		}
	}
}
