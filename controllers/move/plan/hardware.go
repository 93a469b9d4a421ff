// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// hardwareOf is the newest virtual hardware that a version of ESXi runs, oldest first (VMware KB 315655). A version between two entries
// runs what the lower one runs.
var hardwareOf = []struct {
	version  [3]int
	hardware int
}{
	{[3]int{5, 5, 0}, 10}, {[3]int{6, 0, 0}, 11}, {[3]int{6, 5, 0}, 13}, {[3]int{6, 7, 0}, 14}, {[3]int{6, 7, 2}, 15}, {[3]int{7, 0, 0}, 17},
	{[3]int{7, 0, 1}, 18}, {[3]int{7, 0, 2}, 19}, {[3]int{8, 0, 0}, 20}, {[3]int{8, 0, 2}, 21}, {[3]int{9, 0, 0}, 22},
}

// evcModes in the order in which each holds the features of those before it, one list a vendor (keys of vSphere's EVCMode).
var evcModes = [][]string{
	{"intel-merom", "intel-penryn", "intel-nehalem", "intel-westmere", "intel-sandybridge", "intel-ivybridge", "intel-haswell", "intel-broadwell",
		"intel-skylake", "intel-cascadelake", "intel-icelake", "intel-sapphirerapids"},
	{"amd-rev-e", "amd-rev-f", "amd-greyhound-no3dnow", "amd-greyhound", "amd-bulldozer", "amd-piledriver", "amd-steamroller", "amd-zen",
		"amd-zen2", "amd-zen3", "amd-zen4"},
}

// hardware says what of the machine the target's hosts do not run.
func (c *checker) hardware(d *vcenter.MachineDetails, say func(name string, about ...string)) {
	if has := hardwareVersion(d.HardwareVersion); c.newest > 0 && has > c.newest {
		say(HardwareTooNew, fmt.Sprintf("%s has %s, and %s runs vmx-%d at most", d.Name, d.HardwareVersion, c.newestHost, c.newest))
	}
	if d.PowerState != vcenter.PoweredOn || len(c.to.hosts) == 0 {
		return
	}
	if from := c.in.Source.Inventory.Hosts.Get(d.Host); from != nil && from.CPUVendor != "" {
		there := vendors(c.to.hosts)
		if len(there) > 0 && !slices.Contains(there, from.CPUVendor) {
			say(CPUVendorDiffers, fmt.Sprintf("%s to %s", from.CPUVendor, strings.Join(there, ", ")))
			return
		}
	}
	if needs, offered := d.MinRequiredEVCMode, c.offeredEVC(); !offers(offered, needs) {
		say(CPUFeaturesMissing, fmt.Sprintf("%s needs %s, the target offers %s", d.Name, needs, offered))
	}
}

// newestHardware that some usable host runs, and that host's name: a move chooses among the hosts.
func newestHardware(hosts []*vcenter.Host) (newest int, host string) {
	for _, h := range hosts {
		n := hardwareOn(h.Version)
		if n == 0 {
			return 0, "" // one host of unknown version may run anything
		}
		if n > newest {
			newest, host = n, h.Name
		}
	}
	return newest, host
}

// hardwareOn is the newest virtual hardware that ESXi of a version such as 8.0.3 runs; 0 if that is not known.
func hardwareOn(version string) int {
	var v [3]int
	for i, part := range strings.SplitN(version, ".", 4) {
		n, err := strconv.Atoi(part)
		if err != nil || i == len(v) {
			break
		}
		v[i] = n
	}
	found := 0
	for _, e := range hardwareOf {
		if slices.Compare(v[:], e.version[:]) >= 0 {
			found = e.hardware
		}
	}
	return found
}

// hardwareVersion of vmx-19 is 19; 0 if there is none.
func hardwareVersion(key string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(key, "vmx-"))
	if err != nil {
		return 0
	}
	return n
}

func vendors(hosts []*vcenter.Host) []string {
	var out []string
	for _, h := range hosts {
		if h.CPUVendor == "" {
			return nil
		}
		if !slices.Contains(out, h.CPUVendor) {
			out = append(out, h.CPUVendor)
		}
	}
	slices.Sort(out)
	return out
}

// offeredEVC is the cluster's EVC mode, or without EVC the newest mode of a usable host.
func (c *checker) offeredEVC() string {
	if c.to.cluster != nil && c.to.cluster.EVCMode != "" {
		return c.to.cluster.EVCMode
	}
	best := ""
	for _, h := range c.to.hosts {
		if best == "" || !offers(best, h.EVCMode) {
			best = h.EVCMode
		}
	}
	return best
}

// offers says whether one EVC mode has all features of another. A mode that is not known is left to vCenter's own check.
func offers(mode, needed string) bool {
	if mode == "" || needed == "" {
		return true
	}
	for _, modes := range evcModes {
		if i, j := slices.Index(modes, mode), slices.Index(modes, needed); i >= 0 && j >= 0 {
			return i >= j
		}
	}
	return true
}
