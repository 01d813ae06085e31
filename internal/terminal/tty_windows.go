package terminal

import "golang.org/x/sys/windows"

// Ready returns true: there is no way to ask. A write waits while text is being selected in the
// window. Only the goroutine of the display waits for it.
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
