// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// metric is an Azure Monitor metric of a private cloud.
type metric struct {
	id, display, unit, dimension string
	// finest of the grains in which the metric exists.
	finest string
	value  func(sample) map[string]float64 // by the dimension's value
}

const (
	clusterDimension = "clustername"
	storeDimension   = "dsname"
)

func ofClusters(value func(vcentersim.ClusterUsage) float64) func(sample) map[string]float64 {
	return func(one sample) map[string]float64 {
		out := map[string]float64{}
		for _, c := range one.clusters {
			out[c.Name] = value(c)
		}
		return out
	}
}

func ofStores(value func(vcentersim.DatastoreUsage) float64) func(sample) map[string]float64 {
	return func(one sample) map[string]float64 {
		out := map[string]float64{}
		for _, d := range one.stores {
			out[d.Name] = value(d)
		}
		return out
	}
}

func percent(part, whole int64) float64 {
	return 100 * float64(part) / float64(max(1, whole))
}

// cloudMetrics are those that Azure Monitor has for private clouds, with their grains (azure-monitor/reference/supported-metrics/
// microsoft-avs-privateclouds-metrics, a page that Microsoft generates from its own definitions). Microsoft renamed them, and serves both names.
var cloudMetrics = slices.Concat(
	named("Percentage CPU", "Percent", clusterDimension, ofClusters(func(c vcentersim.ClusterUsage) float64 { return percent(c.UsedCPUMHz, c.CPUMHz) }),
		"EffectiveCpuAverage", "PT5M", "CpuUsageAverage", "PT5M"),
	named("Average Memory Usage", "Percent", clusterDimension, ofClusters(func(c vcentersim.ClusterUsage) float64 { return percent(c.UsedMemoryMB, c.MemoryMB) }),
		"UsageAverage", "PT5M", "MemUsageAverage", "PT5M"),
	named("Average Effective Memory", "Bytes", clusterDimension,
		ofClusters(func(c vcentersim.ClusterUsage) float64 { return float64((c.MemoryMB - c.OverheadMemoryMB) << 20) }),
		"EffectiveMemAverage", "PT5M", "ClusterSummaryEffectiveMemory", "PT5M"),
	named("Average Total Memory", "Bytes", clusterDimension, ofClusters(func(c vcentersim.ClusterUsage) float64 { return float64(c.MemoryMB << 20) }),
		"TotalMbAverage", "PT5M", "ClusterSummaryTotalMemCapacityMB", "PT5M"),
	named("Average Memory Overhead", "Bytes", clusterDimension, ofClusters(func(c vcentersim.ClusterUsage) float64 { return float64(c.OverheadMemoryMB << 20) }),
		"OverheadAverage", "PT30M", "MemOverheadAverage", "PT5M"),
	named("Percentage Datastore Disk Used", "Percent", storeDimension, ofStores(func(d vcentersim.DatastoreUsage) float64 { return percent(d.Used, d.Capacity) }),
		"DiskUsedPercentage", "PT5M"),
	named("Datastore Disk Used", "Bytes", storeDimension, ofStores(func(d vcentersim.DatastoreUsage) float64 { return float64(d.Used) }),
		"UsedLatest", "PT30M", "DiskUsedLatest", "PT30M"),
	named("Datastore Disk Total Capacity", "Bytes", storeDimension, ofStores(func(d vcentersim.DatastoreUsage) float64 { return float64(d.Capacity) }),
		"CapacityLatest", "PT30M", "DiskCapacityLatest", "PT30M"),
)

// named is one measurement under its ids, each with the finest of its grains.
func named(display, unit, dimension string, value func(sample) map[string]float64, ids ...string) []metric {
	var out []metric
	for pair := range slices.Chunk(ids, 2) {
		out = append(out, metric{id: pair[0], display: display, unit: unit, dimension: dimension, finest: pair[1], value: value})
	}
	return out
}

// grains are those in which a metric exists: from its finest on, coarser ones.
func (m metric) grains() []string { return grainNames[slices.Index(grainNames, m.finest):] }

func findMetric(id string) (metric, bool) {
	at := slices.IndexFunc(cloudMetrics, func(m metric) bool { return strings.EqualFold(m.id, id) })
	if at < 0 {
		return metric{}, false
	}
	return cloudMetrics[at], true
}

var metricVersions = []string{"2018-01-01", "2019-07-01", "2021-05-01", "2023-10-01", "2024-02-01"}

const insightsPath = "/providers/microsoft.insights/"

// insightsAt splits the path of a request to Azure Monitor into the resource and what is asked of it.
func insightsAt(c *call) (id, what string, ok bool) {
	at := strings.LastIndex(c.path, insightsPath)
	if at < 0 || c.http.Method != http.MethodGet || !strings.Contains(c.path[:at], "/providers/") {
		return "", "", false
	}
	return c.path[:at], c.path[at+len(insightsPath):], true
}

// insights answers Azure Monitor. s.mu is held.
func (s *Server) insights(c *call, id, what string) *answer {
	r, ok := s.resources[id]
	switch {
	case !ok:
		return refuse(http.StatusNotFound, "ResourceNotFound",
			"The Resource '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", id)
	case what != "metrics" && what != "metricdefinitions":
		return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found in the namespace 'microsoft.insights'.", what)
	case r.typ.name != avs+"/privateClouds":
		return refuse(http.StatusBadRequest, "BadRequest", "The resource type '%s' has no metrics.", r.typ.name)
	case what == "metricdefinitions":
		return s.metricDefinitions(c, r)
	}
	q, refused := readMetricQuery(c, time.Now())
	if refused != nil {
		return refused
	}
	values := []any{}
	for _, m := range q.metrics {
		values = append(values, map[string]any{
			"id": r.id + "/providers/Microsoft.Insights/metrics/" + m.id, "type": "Microsoft.Insights/metrics", "name": localized(m.id, m.display),
			"displayDescription": m.display, "unit": m.unit, "errorCode": "Success", "timeseries": q.series(m, s.measured(r, q)),
		})
	}
	return reply(http.StatusOK, map[string]any{
		"cost":     max(0, int(q.to.Sub(q.from)/time.Minute)-1),
		"timespan": q.from.UTC().Format(time.RFC3339) + "/" + q.to.UTC().Format(time.RFC3339), "interval": q.interval,
		"namespace": avs + "/privateClouds", "resourceregion": r.location(), "value": values,
	})
}

func localized(value, shown string) map[string]any {
	return map[string]any{"value": value, "localizedValue": shown}
}

func (s *Server) metricDefinitions(c *call, r *resource) *answer {
	var list []map[string]any
	for _, m := range cloudMetrics {
		availabilities := []any{}
		for _, grain := range m.grains() {
			availabilities = append(availabilities, map[string]any{"timeGrain": grain, "retention": "P93D"})
		}
		list = append(list, map[string]any{
			"id": r.id + "/providers/microsoft.insights/metricdefinitions/" + m.id, "resourceId": r.id, "namespace": avs + "/privateClouds", "category": "Capacity",
			"name": localized(m.id, m.display), "unit": m.unit, "primaryAggregationType": "Average", "supportedAggregationTypes": aggregations,
			"isDimensionRequired": false, "dimensions": []any{localized(m.dimension, m.dimension)}, "metricAvailabilities": availabilities,
		})
	}
	return s.page(c, list)
}

// metricQuery is what a request asks.
type metricQuery struct {
	metrics      []metric
	from, to     time.Time
	interval     string
	step         time.Duration
	aggregations []string            // lower case
	wanted       map[string][]string // by dimension, from $filter; "*" wants one series for each value
}

var (
	grainNames   = []string{"PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"}
	grainSpans   = []string{"00:01:00", "00:05:00", "00:15:00", "00:30:00", "01:00:00", "06:00:00", "12:00:00", "1.00:00:00"} // as Azure's errors write them
	grains       = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	aggregations = []string{"Average", "Minimum", "Maximum", "Total", "Count"}
	comparison   = regexp.MustCompile(`^(?i)(\w+) eq '([^']*)'$`)
	conjunction  = regexp.MustCompile(`(?i) (?:and|or) `)
)

func metricNames(metrics []metric) []string {
	var out []string
	for _, m := range metrics {
		out = append(out, m.id)
	}
	return out
}

// commonGrains are those that all metrics of the query have.
func (q *metricQuery) commonGrains() []string {
	common := grainNames
	for _, m := range q.metrics {
		if of := m.grains(); len(of) < len(common) {
			common = of // grains differ only in where they begin
		}
	}
	return common
}

// readMetricQuery reads a query, and refuses what Azure Monitor refuses, in its words (seen in Azure/azure-libraries-for-net#495,
// Azure/azure-sdk-for-net#40047 and digiaiiris/zabbix-azure-monitoring#45).
func readMetricQuery(c *call, now time.Time) (*metricQuery, *answer) {
	bad := func(format string, args ...any) (*metricQuery, *answer) {
		return nil, refuse(http.StatusBadRequest, "BadRequest", format, args...)
	}
	q := &metricQuery{interval: "PT1M", aggregations: []string{"average"}, wanted: map[string][]string{}}
	for _, name := range strings.Split(c.query.Get("metricnames"), ",") {
		m, ok := findMetric(strings.TrimSpace(name))
		if !ok {
			return bad("Failed to find metric configuration for provider: %s, resource Type: privateClouds, metric: %s, Valid metrics: %s",
				avs, name, strings.Join(metricNames(cloudMetrics), ","))
		}
		q.metrics = append(q.metrics, m)
	}
	var ok bool
	if q.from, q.to, ok = readTimespan(c.query.Get("timespan"), now); !ok {
		return bad("Detected invalid time interval input: %s, supported Iso 8601 time interval format: (Datetime/Datetime)", c.query.Get("timespan"))
	}
	if text := c.query.Get("interval"); text != "" {
		q.interval = strings.ToUpper(text)
	}
	at := slices.Index(grainNames, q.interval)
	if at < 0 {
		return bad("Invalid time grain duration: %s, supported ones are: %s", q.interval, strings.Join(grainSpans, ","))
	}
	if common := q.commonGrains(); !slices.Contains(common, q.interval) {
		var spans []string
		for _, grain := range common {
			spans = append(spans, grainSpans[slices.Index(grainNames, grain)])
		}
		return bad("Commonly allowed time grains: %s between metrics: %s, can not support requested time grain: "+
			"%s please adjust your interval parameter to use one of the common grains",
			strings.Join(spans, ","), strings.Join(metricNames(q.metrics), ","), grainSpans[at])
	}
	if q.step = grains[at]; q.to.Sub(q.from)/q.step > 10_000 {
		return bad("The timespan '%s' has too many intervals of %s.", c.query.Get("timespan"), q.interval)
	}
	if text := c.query.Get("aggregation"); text != "" {
		q.aggregations = strings.Split(strings.ToLower(text), ",")
		for _, name := range q.aggregations {
			if !slices.ContainsFunc(aggregations, func(known string) bool { return strings.EqualFold(known, name) }) {
				return bad("The aggregation type '%s' is not supported.", name)
			}
		}
	}
	if text := strings.TrimSpace(c.query.Get("$filter")); text != "" {
		for _, part := range conjunction.Split(text, -1) {
			match := comparison.FindStringSubmatch(strings.TrimSpace(part))
			if match == nil || !slices.Contains([]string{clusterDimension, storeDimension}, strings.ToLower(match[1])) {
				return bad("The filter '%s' is invalid: the dimensions are %s and %s, and each part is name eq 'value'.", text, clusterDimension, storeDimension)
			}
			dimension := strings.ToLower(match[1])
			q.wanted[dimension] = append(q.wanted[dimension], match[2])
		}
	}
	return q, nil
}

// readTimespan reads start/end, the one form that Microsoft publishes for this parameter; nothing is the last hour.
func readTimespan(text string, now time.Time) (from, to time.Time, ok bool) {
	if text == "" {
		return now.Add(-time.Hour), now, true
	}
	start, end, _ := strings.Cut(text, "/")
	from, err := time.Parse(time.RFC3339, start)
	to, err2 := time.Parse(time.RFC3339, end)
	return from, to, err == nil && err2 == nil && to.After(from)
}
