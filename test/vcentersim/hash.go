// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"hash/maphash"
	"math"
	"reflect"
	"time"
)

var hashSeed = maphash.MakeSeed()

// hashOf a property's value. Filters keep hashes, not copies: ten thousand machines with twenty properties fit in a
// few megabytes.
func hashOf(value any) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	mix(&h, reflect.ValueOf(value))
	return h.Sum64()
}

func mix(h *maphash.Hash, v reflect.Value) {
	if !v.IsValid() {
		_ = h.WriteByte(0)
		return
	}
	if v.Type() == timeType {
		maphash.WriteComparable(h, v.Interface().(time.Time).UnixNano())
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			_ = h.WriteByte(0)
			return
		}
		_ = h.WriteByte(1)
		if v.Kind() == reflect.Interface {
			_, _ = h.WriteString(v.Elem().Type().String())
		}
		mix(h, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			mix(h, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		maphash.WriteComparable(h, v.Len())
		for i := range v.Len() {
			mix(h, v.Index(i))
		}
	case reflect.String:
		maphash.WriteComparable(h, v.Len())
		_, _ = h.WriteString(v.String())
	case reflect.Bool:
		maphash.WriteComparable(h, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		maphash.WriteComparable(h, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		maphash.WriteComparable(h, v.Uint())
	case reflect.Float32, reflect.Float64:
		maphash.WriteComparable(h, math.Float64bits(v.Float()))
	}
}

var timeType = reflect.TypeFor[time.Time]()
