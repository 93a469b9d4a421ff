// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guards decides whether Azure will be able to do a write that has not been sent yet. A private cloud takes hours to make and a host
// half an hour; a refusal after that is worse than one before, and some states only Microsoft can clear. Everything here is values in, values
// out: whoever asks has looked, and passes what was seen.
package guards

import (
	"fmt"
)

// Cause of a refusal: what its reader has to look at, and so what pace it deserves.
type Cause string

// The causes.
const (
	// Registration: the subscription does not know Microsoft.AVS.
	Registration Cause = "Registration"
	// Offer: the SKU is not to be had there.
	Offer Cause = "Offer"
	// HostQuota: the subscription may not have so many hosts.
	HostQuota Cause = "HostQuota"
	// LicensedCores: a licence covers too few cores.
	LicensedCores Cause = "LicensedCores"
	// Network: two private clouds would have the same addresses.
	Network Cause = "Network"
	// Combination: SKUs, generation, zones or numbers that Azure does not combine.
	Combination Cause = "Combination"
	// Limit: a private cloud would become larger than Azure makes them.
	Limit Cause = "Limit"
	// UnderMaintenance: Microsoft works on it, and that ends by itself.
	UnderMaintenance Cause = "UnderMaintenance"
	// Placement: a placement policy needs the hosts.
	Placement Cause = "Placement"
	// Storage: the data would not fit.
	Storage Cause = "Storage"
	// Tolerance: the data could not survive as many failures as it was told to.
	Tolerance Cause = "Tolerance"
	// Unknown: what has to be known cannot be found out. That is no permission.
	Unknown Cause = "Unknown"
)

// Refusal says why a write must not be made now. Nil: nothing is in the way.
type Refusal struct {
	Cause Cause
	// Message is a sentence with the number that is missing and where to ask for it.
	Message string
}

func refuse(cause Cause, format string, args ...any) *Refusal {
	return &Refusal{Cause: cause, Message: fmt.Sprintf(format, args...)}
}

// First is the first refusal among some.
func First(all ...*Refusal) *Refusal {
	for _, one := range all {
		if one != nil {
			return one
		}
	}
	return nil
}

// hosts counts them for a person.
func hosts(n int) string { return counted(n, "host") }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
