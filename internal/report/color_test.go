package report

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// luminance is that of a colour of the 6 by 6 by 6 cube of 256-colour terminals, as the Web
// Content Accessibility Guidelines define it.
func luminance(index int) float64 {
	part := func(level int, weight float64) float64 {
		value := float64([]int{0, 95, 135, 175, 215, 255}[level]) / 255
		if value <= 0.04045 {
			return weight * value / 12.92
		}
		return weight * math.Pow((value+0.055)/1.055, 2.4)
	}
	index -= 16
	return part(index/36, 0.2126) + part(index/6%6, 0.7152) + part(index%6, 0.0722)
}

func TestEveryColourCanBeReadOnALightAndOnADarkTerminal(t *testing.T) {
	const least = 3.8 // times as bright as the other; 3 is the least for signs
	for name, h := range map[string]hue{"red": red, "green": green, "amber": amber, "teal": teal} {
		index, err := strconv.Atoi(strings.TrimPrefix(string(h), "38;5;"))
		if err != nil || index < 16 || index > 231 {
			t.Errorf("%s is %q, want a colour of the fixed cube", name, h)
			continue
		}
		l := luminance(index)
		if white, black := 1.05/(l+0.05), (l+0.05)/0.05; white < least || black < least {
			t.Errorf("%s has a contrast of %.1f on white and %.1f on black, want at least %.1f", name, white, black, least)
		}
	}
}
