// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// newKind is what the templates need to know.
type newKind struct {
	Name, Var, Receiver  string // GoldPolicy, goldPolicy, g
	Words, Plural        string // gold policy, goldpolicies
	Segment, ARMType     string // goldPolicies, Microsoft.AVS/privateClouds/goldPolicies
	Parent, ParentGo     string // PrivateCloud, PrivateCloudRef
	ParentField          string // privateCloudRef
	ParentWords          string // private cloud
	Sample, SampleParent string // names of the sample, and of the one that it stands in
	InCluster, NoPatch   bool
	Network              bool   // stands in the workload network, as the kinds of NSX do
	Unsent               string // rule that Azure was not asked for the object yet
	Fields               []field
}

// field of the spec, which is a property in Azure.
type field struct {
	ARM, JSON, Go, Value string
	Number               bool
}

var (
	kindName     = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{1,40}$`)
	propertyName = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,60}$`)
)

// network is where the types of NSX stand; there is one network, default.
const network = "workloadNetworks/"

// unsent is the rule that all Azure kinds have: what Azure was never asked for may still be changed.
const unsent = `!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || ` +
	`(has(self.status.provisioningState) && !(has(self.status.conditions) && ` +
	`self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged'])))))`

// describe makes a kind of what a person asks for. fields are "property=value of the sample", separated by spaces.
func describe(name, parent, segment, fields string, noPatch bool) (newKind, error) {
	if !kindName.MatchString(name) {
		return newKind{}, fmt.Errorf("NAME=%s is no name of a kind: write it like GoldPolicy", name)
	}
	k := newKind{Name: name, Parent: parent, Words: wordsOf(name), Segment: segment, NoPatch: noPatch, Unsent: unsent, Sample: "gold"}
	k.Var = lowerFirst(name)
	k.Receiver, k.Plural = strings.ToLower(name[:1]), plural(strings.ToLower(name))
	if k.Segment == "" {
		k.Segment = plural(k.Var)
	}
	above := "Microsoft.AVS/privateClouds/"
	if rest, inNetwork := strings.CutPrefix(k.Segment, network); inNetwork {
		k.Segment, k.Network = strings.TrimPrefix(rest, "default/"), true
		above += network
	}
	if k.Network && parent == "Cluster" {
		return newKind{}, fmt.Errorf("SEGMENT=%s is in the network of a private cloud: write PARENT=PrivateCloud", segment)
	}
	switch parent {
	case "PrivateCloud":
		k.ParentWords, k.SampleParent = "private cloud", "weu"
	case "Cluster":
		k.ParentWords, k.SampleParent, k.InCluster = "cluster", "cluster-2", true
		above += "clusters/"
	default:
		return newKind{}, fmt.Errorf("PARENT=%s is nothing that a kind can stand in: write PrivateCloud or Cluster", parent)
	}
	k.ParentGo, k.ParentField, k.ARMType = parent+"Ref", lowerFirst(parent)+"Ref", above+k.Segment
	for _, entry := range strings.Fields(fields) {
		property, value, _ := strings.Cut(entry, "=")
		if !propertyName.MatchString(property) || value == "" {
			return newKind{}, fmt.Errorf("FIELDS: %q is no property with a value for the sample: write it like storagePoolId=pool-1", entry)
		}
		f := field{ARM: property, Value: value, JSON: property}
		if before, ok := strings.CutSuffix(property, "Id"); ok {
			f.JSON = before + "ID"
		}
		f.Go = strings.ToUpper(f.JSON[:1]) + f.JSON[1:]
		if _, err := strconv.ParseInt(value, 10, 32); err == nil {
			f.Number = true
		}
		k.Fields = append(k.Fields, f)
	}
	if len(k.Fields) == 0 {
		return k, errors.New("FIELDS is empty: write at least one property that the spec sets, like FIELDS=\"storagePoolId=pool-1\"")
	}
	return k, nil
}

// wordsOf are the words of a name: gold policy of GoldPolicy. Capitals in a row are one word.
func wordsOf(name string) string {
	var out strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])) {
			out.WriteByte(' ')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// lowerFirst is a name as a variable: goldPolicy, dnsZone of DNSZone.
func lowerFirst(name string) string {
	first, rest, _ := strings.Cut(wordsOf(name), " ")
	return first + name[len(name)-len(strings.ReplaceAll(rest, " ", "")):]
}

// plural is the plural as Kubernetes makes it.
func plural(name string) string {
	switch {
	case strings.HasSuffix(name, "y") && !strings.ContainsAny(name[len(name)-2:len(name)-1], "aeiou"):
		return name[:len(name)-1] + "ies"
	case strings.HasSuffix(name, "s"), strings.HasSuffix(name, "x"), strings.HasSuffix(name, "ch"):
		return name + "es"
	}
	return name + "s"
}
