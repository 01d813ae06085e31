//go:build unix && !aix && !solaris

package terminal

import "golang.org/x/sys/unix"

// Ready asks the kernel. Output of a process in the background disturbs the line that a person is
// typing, and stops the process under stty tostop. A group of 0 is in another PID namespace and
// unknown.
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

// Prepare does nothing: TERM=dumb is ignored.
func (tty) Prepare() (restore func(), ok bool) { return func() {}, true }
