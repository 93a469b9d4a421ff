package main

import "context"

func runDemo(context.Context, float64) error { return nil }
