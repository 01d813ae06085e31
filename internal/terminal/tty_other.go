//go:build aix || solaris || (!unix && !windows)

package terminal

// Ready cannot be asked here.
func (tty) Ready() bool { return true }

// Prepare has nothing to do.
func (tty) Prepare() (restore func(), ok bool) { return func() {}, true }
