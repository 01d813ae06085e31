package resolver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestBatchFilesAreCommandsToo(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "R and D")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	own := commandOf(t, "")[0]
	for name, text := range map[string]string{
		"sec.cmd":    "@echo off\r\necho hunter2\r\n",
		"pass.bat":   "@\"" + own + "\" secret-command print %*\r\n",
		"script.ps1": "'hunter2'\r\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	resolver := New(Options{Dir: folder, Lookup: os.LookupEnv})
	resolver.options.AllowExec = true
	for name, test := range map[string]struct {
		command []string
		want    string
		wrong   string
	}{
		"by its name":               {[]string{"./sec.cmd"}, "hunter2", ""},
		"without its extension":     {[]string{"./sec"}, "hunter2", ""},
		"by a backslash":            {[]string{`.\sec`}, "hunter2", ""},
		"by its whole path":         {[]string{filepath.Join(folder, "sec")}, "hunter2", ""},
		"arguments are passed on":   {[]string{"./pass", "a b", "c=d", "(e,f)", `C:\g\`, `C:\h i\`}, `a b|c=d|(e,f)|C:\g\|C:\h i\`, ""},
		"what cmd.exe would expand": {[]string{"./pass", "%PATH%"}, "", `secret command "./pass": pass.bat is a batch file, and cmd.exe would interpret "%" in argument 1: call the program behind pass.bat directly, or put the whole call into your own batch file and name that file`},
		"what cmd.exe would run":    {[]string{"./sec", `a" & echo INJECTED & rem "`}, "", `secret command "./sec": sec.cmd is a batch file, and cmd.exe would interpret "\"" in argument 1: call the program behind sec.cmd directly, or put the whole call into your own batch file and name that file`},
		"no program":                {[]string{"./script.ps1"}, "", `secret command "./script.ps1": the system cannot run such a file by itself: name its interpreter first, as in [powershell, -NoProfile, -File, ./secret.ps1] or [python, ./secret.py]`},
	} {
		t.Run(name, func(t *testing.T) { resolvesTo(t, resolver, test.command, test.want, test.wrong) })
	}
	t.Run("what would be refused is missing before anything is asked", func(t *testing.T) {
		if err := resolver.Present(connection.Reference{Exec: []string{"./sec", "%PATH%"}}); err == nil {
			t.Error("got no error, want a variable in the argument refused")
		}
		if err := resolver.Present(connection.Reference{Exec: []string{"./sec", "plain"}}); err != nil {
			t.Error(err)
		}
	})
	t.Run("a folder of the network", func(t *testing.T) {
		cmd := exec.Command(filepath.Join(folder, "sec.cmd"))
		if err := throughShell(cmd, `\\host\share\project`); err == nil || !strings.Contains(err.Error(), "drive letter") {
			t.Errorf("got error %v, want one about a folder without a drive letter", err)
		}
	})
}

// TestCommandsEndWithQlsync kills the process that runs a command.
func TestCommandsEndWithQlsync(t *testing.T) {
	alive := listenForLife(t)
	command := commandOf(t, "resolve", commandOf(t, "start", alive.address, "wait")...)
	parent := exec.Command(command[0], command[1:]...)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	alive.begins(t)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	alive.ends(t)
}
