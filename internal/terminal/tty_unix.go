//go:build unix && !aix && !solaris

package terminal

import "golang.org/x/sys/unix"

// Ready asks the kernel. A process in the background that writes disturbs the line
// that somebody types, and is stopped if the terminal is set so (stty tostop). A group
// of 0 is one that this process cannot see, in another PID namespace.
func (t tty) Ready() bool {
	fd := int(t.file.Fd())
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err == nil && group > 0 && group != unix.Getpgrp() {
		return false
	}
	asked := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(asked, 0)
	return n > 0 || err != nil && err != unix.EINTR
}

// Prepare has nothing to do: what TERM calls dumb is not asked.
func (tty) Prepare() (restore func(), ok bool) { return func() {}, true }
