package report

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
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

func TestWrappingChangesNothingButLineEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var line strings.Builder
		line.WriteString(strings.Repeat(" ", rapid.IntRange(0, 12).Draw(t, "indent")))
		p := &printer{color: true}
		for range rapid.IntRange(1, 20).Draw(t, "pieces") {
			piece := rapid.SampledFrom([]string{"a", "word", "注文", "two words", "https://rates.example.com/api/v1", "end  "}).Draw(t, "piece")
			if rapid.Bool().Draw(t, "coloured") {
				piece = p.paint(red, piece)
			}
			line.WriteString(piece + strings.Repeat(" ", rapid.IntRange(0, 3).Draw(t, "blanks")))
		}
		width := rapid.IntRange(10, 80).Draw(t, "width")
		rows := wrapped(line.String(), width)
		plain := func(text string) string { return escapeCode.ReplaceAllString(text, "") }
		if got, want := strings.Join(strings.Fields(plain(strings.Join(rows, "\n"))), " "), strings.Join(strings.Fields(plain(line.String())), " "); got != want {
			t.Errorf("the rows have the words %q, want %q", got, want)
		}
		for _, row := range rows {
			if text := plain(row); cells(strings.TrimRight(text, " ")) > width && len(strings.Fields(text)) > 1 {
				t.Errorf("the row %q takes %d of %d columns and could be broken", text, cells(text), width)
			}
			if strings.Count(row, "\x1b[")%2 != 0 {
				t.Errorf("a colour goes on into the row after %q", row)
			}
		}
	})
}
