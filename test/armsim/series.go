// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// series answers the time series of one metric: one for each value of its dimension that the filter asks for, or one over all
// values without a filter. What was not measured has none.
func (q *metricQuery) series(m metric, samples []sample) []any {
	out := []any{}
	if len(samples) == 0 {
		return out
	}
	wanted, split := q.wanted[m.dimension]
	if !split {
		return append(out, map[string]any{"metadatavalues": []any{},
			"data": q.data(samples, func(one sample) []float64 { return slices.Collect(maps.Values(m.value(one))) })})
	}
	seen := map[string]bool{}
	for _, one := range samples {
		for name := range m.value(one) {
			seen[name] = true
		}
	}
	for _, name := range sortedKeys(seen) {
		if !slices.ContainsFunc(wanted, func(w string) bool { return w == "*" || strings.EqualFold(w, name) }) {
			continue
		}
		out = append(out, map[string]any{
			"metadatavalues": []any{map[string]any{"name": localized(m.dimension, m.dimension), "value": name}},
			"data": q.data(samples, func(one sample) []float64 {
				if value, ok := m.value(one)[name]; ok {
					return []float64{value}
				}
				return nil
			}),
		})
	}
	return out
}

// data puts the values into intervals. An interval without any has a timestamp only, as in Azure.
func (q *metricQuery) data(samples []sample, values func(sample) []float64) []any {
	out := []any{}
	for at := q.from.UTC().Truncate(q.step); at.Before(q.to); at = at.Add(q.step) {
		var all []float64
		for _, one := range samples {
			if !one.at.Before(at) && one.at.Before(at.Add(q.step)) {
				all = append(all, values(one)...)
			}
		}
		point := map[string]any{"timeStamp": at.Format(time.RFC3339)}
		if len(all) > 0 {
			q.aggregate(point, all)
		}
		out = append(out, point)
	}
	return out
}

func (q *metricQuery) aggregate(point map[string]any, values []float64) {
	total := 0.0
	for _, v := range values {
		total += v
	}
	for name, value := range map[string]float64{
		"average": total / float64(len(values)), "minimum": slices.Min(values), "maximum": slices.Max(values), "total": total, "count": float64(len(values)),
	} {
		if slices.Contains(q.aggregations, name) {
			point[name] = value
		}
	}
}
