//go:build race

package main

// underRace reports whether the tests are built with the race detector.
const underRace = true
