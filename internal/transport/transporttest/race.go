//go:build race

package transporttest

// UnderRace reports that the tests are built with the race detector, which makes them about
// ten times slower.
const UnderRace = true
