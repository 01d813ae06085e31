package terminal

import "golang.org/x/sys/windows"

// Ready cannot be asked here: a write waits while somebody marks text in the window.
// The goroutine of the display is the only one that waits for it.
func (tty) Ready() bool { return true }

// Prepare turns on escape sequences. Consoles older than Windows 10 have none.
func (t tty) Prepare() (restore func(), ok bool) {
	console := windows.Handle(t.file.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return nil, false
	}
	if mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 {
		return func() {}, true
	}
	if err := windows.SetConsoleMode(console, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING); err != nil {
		return nil, false
	}
	return func() { _ = windows.SetConsoleMode(console, mode) }, true
}
