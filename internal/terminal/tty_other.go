//go:build aix || solaris || (!unix && !windows)

package terminal

// Ready returns true: there is no way to ask.
func (tty) Ready() bool { return true }

// Prepare does nothing.
func (tty) Prepare() (restore func(), ok bool) { return func() {}, true }
