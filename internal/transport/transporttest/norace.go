//go:build !race

package transporttest

// UnderRace reports that the tests are built with the race detector.
const UnderRace = false
