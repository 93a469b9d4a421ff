// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"slices"
)

// graph holds, for each pair of files, how many calls run from the first into the second.
type graph struct {
	files []string // sorted, so that the same package always gives the same order
	calls [][]int
}

func graphOf(calls []call) graph {
	g := graph{}
	for _, c := range calls {
		g.files = append(g.files, c.from, c.to)
	}
	slices.Sort(g.files)
	g.files = slices.Compact(g.files)
	g.calls = make([][]int, len(g.files))
	for i := range g.calls {
		g.calls[i] = make([]int, len(g.files))
	}
	for _, c := range calls {
		from, _ := slices.BinarySearch(g.files, c.from)
		to, _ := slices.BinarySearch(g.files, c.to)
		g.calls[from][to]++
	}
	return g
}

// order puts the files one below the other so that few calls run back up: none if there is such an order, else as few as moving one file at a time
// can reach. Files that call each other in circles stay together; those that nothing ties come by name.
func (g graph) order() []string {
	var out []string
	for _, circle := range g.circles() {
		for _, i := range g.best(circle) {
			out = append(out, g.files[i])
		}
	}
	return out
}

// circles are the strongly connected components, callers first (Tarjan's algorithm gives them callees first).
func (g graph) circles() (out [][]int) {
	index, low, on := make([]int, len(g.files)), make([]int, len(g.files)), make([]bool, len(g.files))
	var stack []int
	next := 0
	var visit func(int)
	visit = func(v int) {
		next++
		index[v], low[v], on[v] = next, next, true
		stack = append(stack, v)
		for w, n := range g.calls[v] {
			switch {
			case n == 0:
			case index[w] == 0:
				visit(w)
				low[v] = min(low[v], low[w])
			case on[w]:
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		at := slices.Index(stack, v)
		circle := slices.Clone(stack[at:])
		for _, w := range circle {
			on[w] = false
		}
		stack = stack[:at]
		slices.Sort(circle)
		out = append(out, circle)
	}
	for v := len(g.files) - 1; v >= 0; v-- {
		if index[v] == 0 {
			visit(v)
		}
	}
	slices.Reverse(out)
	return out
}

// best orders the files of one circle: from several beginnings, each file goes where it makes the fewest calls run up, until no move makes fewer.
func (g graph) best(circle []int) []int {
	if len(circle) == 1 {
		return circle
	}
	begins := [][]int{g.greedy(circle), g.byBalance(circle)}
	chance := rand.New(rand.NewPCG(1, 2)) // the same one each time: a count that changes from run to run holds nothing
	for range beginnings {
		shuffled := slices.Clone(circle)
		chance.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		begins = append(begins, shuffled)
	}
	var best []int
	fewest := 0
	for _, begin := range begins {
		order := g.improve(begin)
		if n := g.up(order); best == nil || n < fewest {
			best, fewest = order, n
		}
	}
	return best
}

// beginnings is from how many shuffled orders the search sets out, beside the two that are reckoned.
const beginnings = 300

// up is how many calls run from a later file of an order into an earlier one.
func (g graph) up(order []int) (n int) {
	for i, above := range order {
		for _, below := range order[i+1:] {
			n += g.calls[below][above]
		}
	}
	return n
}

// greedy takes, again and again, the file with the fewest calls from those that are left.
func (g graph) greedy(circle []int) (order []int) {
	return g.take(circle, func(v int, left []int) (called int) {
		for _, w := range left {
			called += g.calls[w][v]
		}
		return called
	})
}

// byBalance takes, again and again, the file that calls most and is called least (Eades, Lin and Smyth).
func (g graph) byBalance(circle []int) (order []int) {
	return g.take(circle, func(v int, left []int) (balance int) {
		for _, w := range left {
			balance += g.calls[w][v] - g.calls[v][w]
		}
		return balance
	})
}

func (g graph) take(circle []int, cost func(v int, left []int) int) (order []int) {
	left := slices.Clone(circle)
	for len(left) > 0 {
		first := 0
		for i := range left {
			if cost(left[i], left) < cost(left[first], left) {
				first = i
			}
		}
		order = append(order, left[first])
		left = slices.Delete(left, first, first+1)
	}
	return order
}

// improve moves single files of an order to where the fewest calls run up, until no move helps. It works in place.
func (g graph) improve(order []int) []int {
	for better := true; better; {
		better = false
		for i := range order {
			if to := g.place(order, i); to != i {
				v := order[i]
				order = slices.Insert(slices.Delete(order, i, i+1), to, v)
				better = true
			}
		}
	}
	return order
}

// place is where the file at i would make the fewest calls run up; i itself if nowhere is better.
func (g graph) place(order []int, i int) int {
	v, best, to := order[i], 0, i
	change := 0
	for j := i - 1; j >= 0; j-- { // above order[j]: v's calls into it run down, its calls into v up
		change += g.calls[order[j]][v] - g.calls[v][order[j]]
		if change < best {
			best, to = change, j
		}
	}
	change = 0
	for j := i + 1; j < len(order); j++ {
		change += g.calls[v][order[j]] - g.calls[order[j]][v]
		if change < best {
			best, to = change, j
		}
	}
	return to
}
