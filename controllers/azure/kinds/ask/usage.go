// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
)

// usageMetrics are the names under which Azure Monitor has what a datastore holds and can hold. Microsoft has renamed them: newer private clouds
// emit the first, older ones the second, and a cloud apart from the public one may not know the first at all. Beside them goes the share in
// percent, which is there when the used bytes are not.
var usageMetrics = []struct{ used, size string }{{"DiskUsedLatest", "DiskCapacityLatest"}, {"UsedLatest", "CapacityLatest"}}

const (
	usedPercent = "DiskUsedPercentage"
	// usageGrain is the finest grain in which all of them exist; Azure Monitor answers 400 to a finer one
	// (azure-monitor/reference/supported-metrics/microsoft-avs-privateclouds-metrics).
	usageGrain = "PT30M"
	// usageWindow holds a few grains, because the newest are often without a value yet.
	usageWindow = 2 * time.Hour
)

// Datastore is a datastore as Azure Monitor last measured it; without a capacity or usage if it did not within usageWindow before now.
func Datastore(ctx context.Context, client *arm.Client, cloud arm.ID, name string, now time.Time) (guards.Datastore, error) {
	out := guards.Datastore{Name: name, Used: -1}
	if name == "" {
		return out, nil
	}
	var refused error
	for _, names := range usageMetrics {
		path := string(cloud) + "/providers/Microsoft.Insights/metrics?" + usageQuery(name, now, names.used, names.size, usedPercent)
		var answer metrics
		err := client.GetPath(ctx, path, "2023-10-01", &answer)
		if arm.ClassOf(err) == arm.InvalidRequest {
			refused = err // this cloud's Azure Monitor does not know these names
			continue
		}
		if err != nil {
			return out, err
		}
		if out = answer.datastore(name, names.used, names.size); out.Capacity > 0 && out.Used > 0 {
			return out, nil
		}
		refused = nil
	}
	return out, refused
}

// usageQuery asks for the average of metrics of one datastore. A timespan is start/end: no other form is published.
func usageQuery(datastore string, now time.Time, names ...string) string {
	return url.Values{
		"metricnames": {strings.Join(names, ",")}, "interval": {usageGrain}, "aggregation": {"Average"},
		"timespan": {now.Add(-usageWindow).UTC().Format(time.RFC3339) + "/" + now.UTC().Format(time.RFC3339)},
		"$filter":  {"dsname eq '" + strings.ReplaceAll(datastore, "'", "''") + "'"},
	}.Encode()
}

// metrics is Azure Monitor's answer.
type metrics struct {
	Value []struct {
		Name struct {
			Value string `json:"value"`
		} `json:"name"`
		TimeSeries []struct {
			Data []struct {
				Average *float64 `json:"average"`
			} `json:"data"`
		} `json:"timeseries"`
	} `json:"value"`
}

// datastore is what the answer says of one; what it does not say is not known, which a Used of -1 tells.
func (m *metrics) datastore(name, usedMetric, sizeMetric string) guards.Datastore {
	out := guards.Datastore{Name: name, Used: -1}
	out.Capacity = m.newest(sizeMetric)
	if used := m.newest(usedMetric); used > 0 {
		out.Used = used
	} else if percent := m.newest(usedPercent); percent > 0 {
		out.Used = out.Capacity * percent / 100
	}
	return out
}

// newest value of a metric, 0 if it has none: intervals come in the order of time, and some are without. A value of 0 is none either: no vSAN
// datastore is empty, and Azure Monitor is known to say 0 of what it has not Datastore.
func (m *metrics) newest(name string) (value float64) {
	for _, metric := range m.Value {
		if !strings.EqualFold(metric.Name.Value, name) {
			continue
		}
		for _, series := range metric.TimeSeries {
			for _, point := range series.Data {
				if point.Average != nil && *point.Average > 0 {
					value = *point.Average
				}
			}
		}
	}
	return value
}
