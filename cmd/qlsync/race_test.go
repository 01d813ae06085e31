//go:build race

package main

// underRace tells that the tests are built with the race detector.
const underRace = true
