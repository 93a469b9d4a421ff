// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"math"
	"net/http"
	"net/url"
	"testing"
)

func TestDatastoresAreMeasuredWithoutAVCenter(t *testing.T) {
	s := start(t, instant, func(c *Config) { c.NoVCenters = true })
	r := newRaw(t, s)
	r.build()
	used := func(datastore string) float64 {
		t.Helper()
		got := r.want(http.StatusOK, http.MethodGet,
			cloudPath+"/providers/Microsoft.Insights/metrics?api-version=2023-10-01&metricnames=DiskUsedPercentage&aggregation=Average&interval=PT5M&$filter="+
				url.QueryEscape("dsname eq '"+datastore+"'"), nil)
		series, _ := lookup(got.body["value"].([]any)[0].(map[string]any), "timeseries")
		for _, one := range series.([]any) {
			for _, point := range one.(map[string]any)["data"].([]any) {
				if value, ok := point.(map[string]any)["average"].(float64); ok {
					return math.Round(value)
				}
			}
		}
		return -1
	}
	if got := used("vsanDatastore"); got != 20 {
		t.Errorf("a new datastore is %v%% full, want 20%%", got)
	}
	if got := used("another"); got != -1 {
		t.Errorf("a datastore that does not exist is %v%% full", got)
	}
	if err := s.SetDiskUsed(cloudPath, "vsanDatastore", 3*19_200_000_000_000/2); err != nil {
		t.Fatal(err)
	}
	if got := used("vsanDatastore"); got != 50 {
		t.Errorf("a datastore of which half is used is %v%% full", got)
	}
	if err := s.SetDiskUsed(cloudPath+"x", "vsanDatastore", 1); err == nil {
		t.Error("the disk usage of nothing was set")
	}
}
