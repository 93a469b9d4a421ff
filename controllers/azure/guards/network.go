// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import "net/netip"

// Neighbour is another private cloud whose network could be joined with this one's, by Global Reach, a cloud link or a virtual network.
type Neighbour struct {
	// Name for a person.
	Name   string
	Blocks []string
}

// Apart refuses blocks that overlap with those of another private cloud: their networks could never be joined, and none can be renumbered.
// What is not a block is left to others to refuse.
func Apart(blocks []string, others []Neighbour) *Refusal {
	for _, mine := range blocks {
		block, ok := prefix(mine)
		if !ok {
			continue
		}
		for _, other := range others {
			for _, theirs := range other.Blocks {
				if taken, ok := prefix(theirs); ok && block.Overlaps(taken) {
					return refuse(Network, "the network block %s overlaps with %s of %s: a private cloud cannot be renumbered, "+
						"and two with the same addresses can never be joined; choose a block that is in use nowhere else",
						mine, theirs, other.Name)
				}
			}
		}
	}
	return nil
}

// Disjoint refuses blocks of one private cloud that overlap each other.
func Disjoint(blocks []string) *Refusal {
	for i, mine := range blocks {
		if refusal := Apart([]string{mine}, []Neighbour{{Name: "the same private cloud", Blocks: blocks[i+1:]}}); refusal != nil {
			return refusal
		}
	}
	return nil
}

func prefix(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil
}
