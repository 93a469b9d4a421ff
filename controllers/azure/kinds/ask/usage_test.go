// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"
)

// What Azure Monitor does not say is not known; nothing is made of a point without a value, or of a 0.
func TestUsageIsWhatAzureMonitorSays(t *testing.T) {
	t.Parallel()
	metric := func(name, points string) string {
		return `{"name":{"value":"` + name + `"},"timeseries":[{"data":[` + points + `]}]}`
	}
	for name, c := range map[string]struct {
		answer         string
		capacity, used float64
	}{
		"both, the newest last": {metric("diskusedlatest", `{"average":10},{"average":20}`) + "," +
			metric("DiskCapacityLatest", `{"average":100}`), 100, 20},
		"the newest interval has no value": {
			metric("DiskUsedLatest", `{"average":10},{"timeStamp":"2026-01-01T00:00:00Z"},{"average":null}`) + "," +
				metric("DiskCapacityLatest", `{"average":100},{}`), 100, 10,
		},
		"used in percent only": {metric("DiskUsedLatest", `{}`) + "," +
			metric("DiskCapacityLatest", `{"average":200}`) + "," + metric("DiskUsedPercentage", `{"average":25}`), 200, 50},
		"0 is what was not measured":        {metric("DiskUsedLatest", `{"average":0}`) + "," + metric("DiskCapacityLatest", `{"average":100}`), 100, -1},
		"a capacity of 0 is none":           {metric("DiskUsedLatest", `{"average":5}`) + "," + metric("DiskCapacityLatest", `{"average":0}`), 0, 5},
		"metrics without series":            {`{"name":{"value":"DiskUsedLatest"},"timeseries":[]},{"name":{"value":"DiskCapacityLatest"},"timeseries":[]}`, 0, -1},
		"another metric than was asked for": {metric("CpuUsageAverage", `{"average":5}`), 0, -1},
		"percent of a capacity nobody has":  {metric("DiskUsedPercentage", `{"average":25}`), 0, 0},
		"nothing at all":                    {"", 0, -1},
	} {
		var m metrics
		if err := json.Unmarshal([]byte(`{"value":[`+c.answer+`]}`), &m); err != nil {
			t.Fatal(name, err)
		}
		if got := m.datastore("vsan", "DiskUsedLatest", "DiskCapacityLatest"); got.Capacity != c.capacity || got.Used != c.used {
			t.Errorf("%s: capacity %v and used %v, want %v and %v", name, got.Capacity, got.Used, c.capacity, c.used)
		}
	}
}

// A timespan is two instants, and the grain one that every metric asked for has.
func TestUsageIsAskedAsAzureMonitorTakesIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 5, 12, 30, 5, time.FixedZone("", 3600))
	q, err := url.ParseQuery(usageQuery("it's", now, "DiskUsedLatest", "DiskCapacityLatest"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"timespan": "2026-11-28T02:12:30Z/2026-11-28T04:12:30Z", "interval": "PT30M", "$filter": "dsname eq 'it''s'",
		"metricnames": "DiskUsedLatest,DiskCapacityLatest", "aggregation": "Average",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
}
