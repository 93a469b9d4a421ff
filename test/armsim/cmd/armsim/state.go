// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/avs-operator/avs-operator/test/armsim"
)

// document is the content of the state file: what exists in Azure, without any secret.
type document struct {
	URL       string                    `json:"url"`
	Requests  int                       `json:"requests"`
	Resources map[string]map[string]any `json:"resources"` // by lower-case ARM id
	VCenters  map[string]vcenter        `json:"vCenters"`  // by lower-case ARM id of the private cloud
}

type vcenter struct {
	URL        string `json:"url"`
	Thumbprint string `json:"thumbprint"`
}

func state(server *armsim.Server) ([]byte, error) {
	doc := document{URL: server.URL(), Requests: len(server.Requests()), Resources: map[string]map[string]any{}, VCenters: map[string]vcenter{}}
	for _, id := range server.Resources("") {
		if body, ok := server.Resource(id); ok {
			doc.Resources[id] = body
		}
		if v := server.VCenter(id); v != nil {
			doc.VCenters[id] = vcenter{URL: v.URL(), Thumbprint: v.Thumbprint()}
		}
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the state: %w", err)
	}
	return append(text, '\n'), nil
}

// replaceFile never shows a reader half of a document.
func replaceFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = temporary.Write(content)
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
