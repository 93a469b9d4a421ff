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

// metric is an Azure Monitor metric of a private cloud. Ids come in pairs, since Microsoft renamed them; both are served.
type metric struct {
	ids       []string
	display   string
	unit      string
	dimension string
	value     func(sample) map[string]float64 // by the dimension's value
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

var cloudMetrics = []metric{
	{[]string{"CpuUsageAverage", "EffectiveCpuAverage"}, "Percentage CPU", "Percent", clusterDimension,
		ofClusters(func(c vcentersim.ClusterUsage) float64 { return percent(c.UsedCPUMHz, c.CPUMHz) })},
	{[]string{"MemUsageAverage", "UsageAverage"}, "Average Memory Usage", "Percent", clusterDimension,
		ofClusters(func(c vcentersim.ClusterUsage) float64 { return percent(c.UsedMemoryMB, c.MemoryMB) })},
	{[]string{"ClusterSummaryEffectiveMemory", "EffectiveMemAverage"}, "Average Effective Memory", "Bytes", clusterDimension,
		ofClusters(func(c vcentersim.ClusterUsage) float64 { return float64((c.MemoryMB - c.OverheadMemoryMB) << 20) })},
	{[]string{"ClusterSummaryTotalMemCapacityMB", "TotalMbAverage"}, "Average Total Memory", "Bytes", clusterDimension,
		ofClusters(func(c vcentersim.ClusterUsage) float64 { return float64(c.MemoryMB << 20) })},
	{[]string{"MemOverheadAverage", "OverheadAverage"}, "Average Memory Overhead", "Bytes", clusterDimension,
		ofClusters(func(c vcentersim.ClusterUsage) float64 { return float64(c.OverheadMemoryMB << 20) })},
	{[]string{"DiskUsedPercentage"}, "Percentage Datastore Disk Used", "Percent", storeDimension,
		ofStores(func(d vcentersim.DatastoreUsage) float64 { return percent(d.Used, d.Capacity) })},
	{[]string{"DiskUsedLatest", "UsedLatest"}, "Datastore Disk Used", "Bytes", storeDimension,
		ofStores(func(d vcentersim.DatastoreUsage) float64 { return float64(d.Used) })},
	{[]string{"CapacityLatest"}, "Datastore Disk Total Capacity", "Bytes", storeDimension,
		ofStores(func(d vcentersim.DatastoreUsage) float64 { return float64(d.Capacity) })},
}

func findMetric(id string) (metric, string, bool) {
	for _, m := range cloudMetrics {
		for _, known := range m.ids {
			if strings.EqualFold(known, id) {
				return m, known, true
			}
		}
	}
	return metric{}, "", false
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
		return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", id)
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
	for _, name := range q.names {
		m, known, _ := findMetric(name)
		values = append(values, map[string]any{
			"id": r.id + "/providers/Microsoft.Insights/metrics/" + known, "type": "Microsoft.Insights/metrics", "name": localized(known, m.display), "displayDescription": m.display,
			"unit": m.unit, "errorCode": "Success", "timeseries": q.series(m, s.measured(r, q)),
		})
	}
	return reply(http.StatusOK, map[string]any{
		"cost": max(0, int(q.to.Sub(q.from)/time.Minute)-1), "timespan": q.from.UTC().Format(time.RFC3339) + "/" + q.to.UTC().Format(time.RFC3339), "interval": q.interval,
		"namespace": avs + "/privateClouds", "resourceregion": r.location(), "value": values,
	})
}

func localized(value, shown string) map[string]any {
	return map[string]any{"value": value, "localizedValue": shown}
}

func (s *Server) metricDefinitions(c *call, r *resource) *answer {
	var list []map[string]any
	for _, m := range cloudMetrics {
		for _, id := range m.ids {
			availabilities := []any{}
			for _, grain := range grainNames {
				availabilities = append(availabilities, map[string]any{"timeGrain": grain, "retention": "P1D"})
			}
			list = append(list, map[string]any{
				"id": r.id + "/providers/microsoft.insights/metricdefinitions/" + id, "resourceId": r.id, "namespace": avs + "/privateClouds", "category": "Capacity",
				"name": localized(id, m.display), "unit": m.unit, "primaryAggregationType": "Average", "supportedAggregationTypes": aggregations,
				"isDimensionRequired": false, "dimensions": []any{localized(m.dimension, m.dimension)}, "metricAvailabilities": availabilities,
			})
		}
	}
	return s.page(c, list)
}

// metricQuery is what a request asks.
type metricQuery struct {
	names        []string
	from, to     time.Time
	interval     string
	step         time.Duration
	aggregations []string            // lower case
	wanted       map[string][]string // by dimension, from $filter; "*" wants one series for each value
}

var (
	grainNames   = []string{"PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"}
	grains       = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	aggregations = []string{"Average", "Minimum", "Maximum", "Total", "Count"}
	comparison   = regexp.MustCompile(`^(?i)(\w+) eq '([^']*)'$`)
	conjunction  = regexp.MustCompile(`(?i) (?:and|or) `)
)

func readMetricQuery(c *call, now time.Time) (*metricQuery, *answer) {
	bad := func(format string, args ...any) (*metricQuery, *answer) {
		return nil, refuse(http.StatusBadRequest, "BadRequest", format, args...)
	}
	q := &metricQuery{interval: "PT1M", aggregations: []string{"average"}, wanted: map[string][]string{}}
	for _, name := range strings.Split(c.query.Get("metricnames"), ",") {
		if _, known, ok := findMetric(strings.TrimSpace(name)); ok {
			q.names = append(q.names, known)
		} else {
			return bad("Failed to find metric configuration for provider: %s, resource Type: privateClouds, metric: %s.", avs, name)
		}
	}
	var ok bool
	if q.from, q.to, ok = readTimespan(c.query.Get("timespan"), now); !ok {
		return bad("The timespan '%s' is invalid: it must be start/end (ISO 8601) or a duration.", c.query.Get("timespan"))
	}
	if text := c.query.Get("interval"); text != "" {
		q.interval = strings.ToUpper(text)
	}
	at := slices.Index(grainNames, q.interval)
	if at < 0 {
		return bad("The time grain '%s' is not supported. Supported are: %s.", q.interval, strings.Join(grainNames, ","))
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

// readTimespan reads "start/end" or a duration that ends now; nothing is the last hour.
func readTimespan(text string, now time.Time) (from, to time.Time, ok bool) {
	if text == "" {
		return now.Add(-time.Hour), now, true
	}
	if start, end, both := strings.Cut(text, "/"); both {
		from, err := time.Parse(time.RFC3339, start)
		to, err2 := time.Parse(time.RFC3339, end)
		return from, to, err == nil && err2 == nil && to.After(from)
	}
	length, err := time.ParseDuration(strings.ToLower(strings.Replace(strings.TrimPrefix(strings.ToUpper(text), "P"), "T", "", 1)))
	return now.Add(-length), now, strings.HasPrefix(strings.ToUpper(text), "PT") && err == nil && length > 0
}
