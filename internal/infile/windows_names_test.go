package infile

import (
	"errors"
	"testing"
)

func TestOnWindowsNamesOfDevicesAndStreamsAreRefused(t *testing.T) {
	for path, want := range map[string]error{
		"con": ErrDevicePath, "keys/NUL": ErrDevicePath, `keys\aux.txt`: ErrDevicePath, "COM1": ErrDevicePath, "lpt9.yaml": ErrDevicePath, "COM¹": ErrDevicePath, "CON .txt": ErrDevicePath,
		"a:b": ErrStreamPath, "C:x": ErrStreamPath, "C:/a:b": ErrStreamPath,
		"console": nil, "com": nil, "COM10": nil, "lpt0": nil, "C:/x": nil, `C:\x`: nil, "contract/null.yaml": nil,
	} {
		if err := checkPath(path, true); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		if err := checkPath(path, false); err != nil {
			t.Errorf("%s: got error %v on another system than Windows, want none", path, err)
		}
	}
}
