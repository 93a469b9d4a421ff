// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25"
)

// negotiate has all calls speak the version of the API that the vCenter has, or the newest that this client knows if that is older. A vCenter
// tells types and properties only as far as the version that it is asked in; one that it does not know may be refused. It is done once,
// before anybody shares the client: after an upgrade a vCenter goes on to answer in the version before.
func (s *session) negotiate(ctx context.Context) error {
	u := s.soap.URL()
	u.Path, u.User = "/sdk/vimServiceVersions.xml", nil
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	res, err := s.soap.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the versions of the API: %w", err)
	}
	if has := serviceVersion(text); res.StatusCode == http.StatusOK && has != "" && older(has, vim25.Version) {
		s.soap.Version = has
	}
	return nil // one that tells no version is asked in the client's
}

// serviceVersion is the newest version of the vSphere API in vimServiceVersions.xml, "" if it tells none.
func serviceVersion(text []byte) string {
	var doc struct {
		Namespaces []struct {
			Name    string `xml:"name"`
			Version string `xml:"version"`
		} `xml:"namespace"`
	}
	if xml.Unmarshal(text, &doc) != nil {
		return ""
	}
	for _, n := range doc.Namespaces {
		if n.Name == "urn:"+vim25.Namespace {
			return strings.TrimSpace(n.Version)
		}
	}
	return ""
}

// older compares versions such as 8.0.3.0 number by number; what is not one is older than any.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if m, n := numberAt(x, i), numberAt(y, i); m != n {
			return m < n
		}
	}
	return false
}

func numberAt(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return -1
	}
	return n
}
