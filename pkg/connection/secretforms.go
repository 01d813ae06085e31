package connection

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// tokenForm is the form of a token, and words of which every such token contains at least one.
type tokenForm struct {
	form   string
	holds  []string
	before int // how many bytes of the token come before the word
}

// A token consists only of tokenBytes, and of at least minToken of them.
const minToken = 16

var (
	tokenBytes = bytesOf(letters + "-_~.+/=")
	wordBytes  = bytesOf(letters + "_")
	beforeWord = bytesOf(letters + "+/") // what may precede a word with which no token begins
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// tokens are the expressions of tokenForms, anchored at the beginning of a text.
var tokens = func() []*regexp.Regexp {
	all := make([]*regexp.Regexp, len(tokenForms))
	for i, one := range tokenForms {
		all[i] = regexp.MustCompile(`^(?:` + one.form + `)`)
	}
	return all
}()

// tokenWord is a word that a token of a form contains.
type tokenWord struct {
	word         string
	form, before int
}

// tokenWords holds the words of tokenForms by their first byte.
var tokenWords = func() (byFirst [256][]tokenWord) {
	for i, one := range tokenForms {
		for _, word := range one.holds {
			byFirst[word[0]] = append(byFirst[word[0]], tokenWord{word, i, one.before})
		}
	}
	return byFirst
}()

// tokenSpans finds the tokens of all forms in one pass. An expression is used only where a word of
// its form occurs: searching a whole text with each expression takes seconds.
func tokenSpans(text string) []span {
	var found []span
	var ends []int // where the last token of each form ends
	run := 0       // the first byte after the last token that was examined
	for i := range len(text) {
		for _, word := range tokenWords[text[i]] {
			start := i - word.before
			if start < 0 || !strings.HasPrefix(text[i:], word.word) || word.before > 0 && !beforeWord[text[i-1]] ||
				wordBytes[text[start]] == (start > 0 && wordBytes[text[start-1]]) {
				continue
			}
			if ends != nil && start < ends[word.form] {
				continue
			}
			for run = max(run, i); run < len(text) && tokenBytes[text[run]]; {
				run++
			}
			if run-start < minToken {
				continue
			}
			if at := tokens[word.form].FindStringIndex(text[start:run]); at != nil {
				found = append(found, span{start, start + at[1]})
				if ends == nil {
					ends = make([]int, len(tokens))
				}
				ends[word.form] = start + at[1]
			}
		}
	}
	return found
}

// tokenForms are the tokens that a prefix identifies. The prefixes are documented by the services
// that issue them, and listed in the documentation of GitHub on supported secret scanning patterns.
// The bare id of an access key (AKIA) counts too, because its secret is usually next to it.
var tokenForms = []tokenForm{
	{`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`, []string{"AKIA", "ASIA", "ABIA", "ACCA"}, 0},                                               // Amazon Web Services
	{`LTAI[A-Za-z0-9]{12,20}\b`, []string{"LTAI"}, 0},                                                                                    // Alibaba Cloud
	{`AIza[A-Za-z0-9_-]{35}`, []string{"AIza"}, 0},                                                                                       // Google: API key
	{`ya29\.[A-Za-z0-9_-]{16,}`, []string{"ya29."}, 0},                                                                                   // Google: access token
	{`GOCSPX-[A-Za-z0-9_-]{20,}`, []string{"GOCSPX-"}, 0},                                                                                // Google: client secret
	{`[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,}`, []string{"Q~"}, 4},                                                                     // Microsoft Entra: client secret
	{`[A-Za-z0-9+/]{86}==`, []string{"=="}, 86},                                                                                          // Azure: a key of 64 bytes
	{`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`, []string{"SG."}, 0},                                                                   // SendGrid
	{`gh[pousr]_[A-Za-z0-9_-]{12,}|github_pat[_-][A-Za-z0-9_-]{12,}`, []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat"}, 0}, // GitHub
	{`gl(?:pat|ptt|rt|dt|oas|soat|cbt|ft|imt|agent|wt|ffct)-[A-Za-z0-9_.=-]{12,}`, []string{"glpat-", "glptt-", "glrt-", "gldt-", "gloas-", "glsoat-", "glcbt-", "glft-", "glimt-", "glagent-", "glwt-", "glffct-"}, 0}, // GitLab
	{`xox[a-z]-[A-Za-z0-9-]{12,}|xapp-\d-[A-Za-z0-9-]{12,}`, []string{"xox", "xapp-"}, 0},                                                                                                                               // Slack
	{`(?:sk|rk)_(?:live|test)_[A-Za-z0-9_-]{12,}|whsec_[A-Za-z0-9+/=]{20,}`, []string{"sk_", "rk_", "whsec_"}, 0},                                                                                                       // Stripe
	{`sk-(?:ant|proj|svcacct|admin)-[A-Za-z0-9_-]{12,}|sk-[A-Za-z0-9]{40,}`, []string{"sk-"}, 0},                                                                                                                        // Anthropic, OpenAI
	{`npm_[A-Za-z0-9]{30,}`, []string{"npm_"}, 0},                                                                                            // npm
	{`pypi-[A-Za-z0-9_-]{16,}`, []string{"pypi-"}, 0},                                                                                        // PyPI
	{`rubygems_[a-f0-9]{32,}`, []string{"rubygems_"}, 0},                                                                                     // RubyGems
	{`dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}`, []string{"dckr_"}, 0},                                                                            // Docker
	{`hf_[A-Za-z0-9]{30,}`, []string{"hf_"}, 0},                                                                                              // Hugging Face
	{`dapi[A-Za-z0-9]{32}(?:-\d)?|dose[a-f0-9]{32}`, []string{"dapi", "dose"}, 0},                                                            // Databricks
	{`hv[sbr]\.[A-Za-z0-9_-]{20,}`, []string{"hvs.", "hvb.", "hvr."}, 0},                                                                     // HashiCorp Vault
	{`[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}`, []string{".atlasv1."}, 14},                                                              // HCP Terraform
	{`do[opr]_v1_[a-f0-9]{40,}`, []string{"doo_v1_", "dop_v1_", "dor_v1_"}, 0},                                                               // DigitalOcean
	{`shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{32}`, []string{"shpat_", "shpss_", "shpca_", "shppa_"}, 0},                                              // Shopify
	{`A[TC][AC]TT3x[A-Za-z0-9_=-]{20,}`, []string{"ATATT3x", "ATCTT3x", "ACATT3x", "ACCTT3x"}, 0},                                            // Atlassian
	{`gl(?:sa|c)_[A-Za-z0-9+/=_]{20,}`, []string{"glsa_", "glc_"}, 0},                                                                        // Grafana
	{`NR(?:AK|RA|II|JS)-[A-Za-z0-9_-]{20,}`, []string{"NRAK-", "NRRA-", "NRII-", "NRJS-"}, 0},                                                // New Relic
	{`sntry[su]_[A-Za-z0-9+/=_]{20,}`, []string{"sntry"}, 0},                                                                                 // Sentry
	{`dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}`, []string{"dt0"}, 0},                                                                         // Dynatrace
	{`dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{30,}`, []string{"dp."}, 0},                                                              // Doppler
	{`ops_eyJ[A-Za-z0-9_-]{50,}`, []string{"ops_eyJ"}, 0},                                                                                    // 1Password
	{`PMAK-[a-f0-9]{24}-[a-f0-9]{34}`, []string{"PMAK-"}, 0},                                                                                 // Postman
	{`lin_api_[A-Za-z0-9]{30,}|ntn_[A-Za-z0-9]{30,}|figd_[A-Za-z0-9_-]{30,}`, []string{"lin_api_", "ntn_", "figd_"}, 0},                      // Linear, Notion, Figma
	{`pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}`, []string{"pscale_"}, 0},                                                                 // PlanetScale
	{`sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20,}`, []string{"sq0"}, 0},                                                                            // Square
	{`xkeysib-[a-f0-9]{40,}`, []string{"xkeysib-"}, 0},                                                                                       // Brevo
	{`tskey-[a-z]+-[A-Za-z0-9-]{16,}`, []string{"tskey-"}, 0},                                                                                // Tailscale
	{`pul-[a-f0-9]{40}`, []string{"pul-"}, 0},                                                                                                // Pulumi
	{`nvapi-[A-Za-z0-9_-]{40,}|gsk_[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,}|xai-[A-Za-z0-9]{40,}`, []string{"nvapi-", "gsk_", "r8_", "xai-"}, 0}, // NVIDIA, Groq, Replicate, xAI
	{`AKCp[A-Za-z0-9]{50,}`, []string{"AKCp"}, 0},                                                                                            // JFrog Artifactory
	{`AGE-SECRET-KEY-1[A-Z0-9]{20,}`, []string{"AGE-SECRET-KEY-1"}, 0},                                                                       // age
}

// webhooks are addresses whose path is a secret: how they begin, how many bytes of any kind may
// follow, and how the part before the secret ends.
var webhooks = []struct {
	begin string
	any   int
	end   string
}{
	{"hooks.slack.com/", 9, "/"},           // Slack: services, workflows, triggers
	{"discord.com/api/webhooks/", 32, "/"}, // Discord
	{"discordapp.com/api/webhooks/", 32, "/"},
	{"webhook.office.com/", 0, "webhookb2/"}, // Microsoft Teams
	{"outlook.office.com/", 0, "webhook/"},
	{"outlook.office365.com/", 0, "webhook/"},
	{"api.telegram.org/", 0, "bot"},          // Telegram
	{"hooks.zapier.com/", 0, "hooks/catch/"}, // Zapier
	{"maker.ifttt.com/", 80, "/with/key/"},   // IFTTT
	{"hook.", 21, "make.com/"},               // Make
}

// wordForm is a secret after one of several words, in any letter case.
type wordForm struct {
	words []string // in lower case
	// read returns the secret after a word that ends at the offset: an empty span if there is none.
	read func(text string, at int) span
}

var wordForms = func() []wordForm {
	all := []wordForm{
		{[]string{"private-lines: "}, afterPrivateLines},
		{[]string{"jdbc:oracle:"}, afterOracle},
		{[]string{"sqlplus", "sqlcl", "expdp", "impdp"}, afterSQLPlus},
		{[]string{"bearer"}, afterScheme(20)},
		{[]string{"apikey"}, afterScheme(math.MaxInt)},
		{[]string{"basic"}, afterBasic},
		{[]string{"-u", "--user", "--proxy-user"}, afterUser},
		{[]string{"identified"}, afterIdentified},
	}
	for _, hook := range webhooks {
		all = append(all, wordForm{[]string{hook.begin}, func(text string, at int) span {
			for last := at + hook.any; at <= last && at < len(text) && !isBlank[text[at]]; at++ {
				if length := foldedPrefix(text[at:], hook.end); length > 0 {
					return atLeast(8, span{at + length, skip(text, at+length, &pathBytes)})
				}
			}
			return span{}
		}})
	}
	return all
}()

var pathBytes = bytesOf(letters + "_:%/@=-ſ\u212a")

// formsByFirst holds the indexes in wordForms by the first byte of their words.
var formsByFirst = func() (byFirst [256][]int) {
	for i, form := range wordForms {
		for _, word := range form.words {
			for _, first := range word[:1] + strings.ToUpper(word[:1]) {
				if list := &byFirst[first]; !slices.Contains(*list, i) {
					*list = append(*list, i)
				}
			}
		}
	}
	return byFirst
}()

// wordSpans finds the secrets of all wordForms in one pass.
func wordSpans(text string) []span {
	var found []span
	var ends map[int]int // where the last secret of each form ends
	for i := range len(text) {
		for _, form := range formsByFirst[text[i]] {
			for _, word := range wordForms[form].words {
				at := i + foldedPrefix(text[i:], word)
				if at == i || at < ends[form] || i > 0 && (wordBytes[word[0]] && wordBytes[text[i-1]] || word[0] == '-' && !isBlank[text[i-1]]) {
					continue
				}
				if secret := wordForms[form].read(text, at); secret.start < secret.end {
					found = append(found, secret)
					if ends == nil {
						ends = map[int]int{}
					}
					ends[form] = secret.end
				}
			}
		}
	}
	return found
}

// foldedPrefix returns the length in bytes of a word at the beginning of a text, in any letter
// case; 0 if the text does not begin with the word.
func foldedPrefix(text, word string) int {
	at := 0
	for i := range len(word) {
		switch {
		case at < len(text) && (text[at] == word[i] || text[at] == word[i]-'a'+'A' && word[i] >= 'a'):
			at++
		case word[i] == 's' && strings.HasPrefix(text[at:], "ſ"):
			at += len("ſ")
		case word[i] == 'k' && strings.HasPrefix(text[at:], "\u212a"):
			at += len("\u212a")
		default:
			return 0
		}
	}
	return at
}

// blanks returns the end of the blanks at an offset; ok reports whether there is at least one.
func blanks(text string, at int) (end int, ok bool) {
	end = skip(text, at, &isBlank)
	return end, end > at
}

// atLeast returns the span if it has at least that many bytes, or an empty one.
func atLeast(least int, s span) span {
	if s.end-s.start < least {
		return span{}
	}
	return s
}

// afterPrivateLines reads the private part of a PuTTY key.
func afterPrivateLines(text string, at int) span {
	start := skip(text, at, &digitBytes) + 1
	if start-1 == at || start > len(text) || !isBlank[text[start-1]] {
		return span{}
	}
	if mac := strings.Index(text[start:], "Private-MAC"); mac >= 0 {
		return span{start, start + mac}
	}
	return span{start, len(text)}
}

// afterOracle reads the password in jdbc:oracle:thin:user/password@host.
func afterOracle(text string, at int) span {
	colon := skip(text, at, &wordBytes)
	slash := until(text, min(len(text), colon+1), &endsOracleUser)
	if colon == at || slash <= colon+1 || slash == len(text) || text[colon] != ':' || text[slash] != '/' {
		return span{}
	}
	start := slash + 1
	window := text[:min(len(text), start+maxDeciding)]
	end := until(window, start, &endsLogin)
	if start < len(text) && text[start] == '"' {
		if length := strings.Index(window[start+1:], `"@`); length >= 0 {
			end = start + 1 + length + 1
		}
	}
	if end == len(text) || text[end] != '@' {
		return span{}
	}
	return span{start, end}
}

var (
	endsOracleUser = bytesOf(whitespace + "/@:")
	endsLogin      = bytesOf(whitespace + "@")
)

// maxOptions bounds the options before the user of a command line.
const maxOptions = 16

// afterSQLPlus reads the password in sqlplus -s user/password@host.
func afterSQLPlus(text string, at int) (password span) {
	at, ok := blanks(text, at)
	for range maxOptions {
		slash := until(text, at, &endsSQLUser)
		if start := slash + 1; slash > at && start < len(text) && text[slash] == '/' && !endsLogin[text[start]] {
			password = span{start, until(text, start, &endsLogin)}
		}
		if !ok || !strings.HasPrefix(text[at:], "-") {
			break
		}
		at, ok = blanks(text, until(text, at, &isBlank))
	}
	return password
}

var endsSQLUser = bytesOf(whitespace + "/")

// afterScheme reads a token: a word that has a digit or is longer than maxWord.
func afterScheme(maxWord int) func(text string, at int) span {
	return func(text string, at int) span {
		start, ok := blanks(text, at)
		end := skip(text, start, &schemeBytes)
		if !ok || end-start < maxWord && !strings.ContainsAny(text[start:end], "0123456789") {
			return span{}
		}
		return span{start, end}
	}
}

var schemeBytes = bytesOf(letters + "-_~.+/=ſ\u212a")

// afterBasic reads the user and password of HTTP basic authentication, in base64.
func afterBasic(text string, at int) span {
	start, ok := blanks(text, at)
	end := skip(text, start, &isBase64)
	if !ok || end-start < 2 {
		return span{}
	}
	for padding := 0; padding < 2 && end < len(text) && text[end] == '='; padding++ {
		end++
	}
	if inner, ok := decodeBase64(text[start:end]); !ok || !strings.Contains(inner, ":") {
		return span{}
	}
	return span{start, end}
}

// afterUser reads the password in curl -u user:password.
func afterUser(text string, at int) span {
	user := skip(text, at, &beforeCurlUser)
	if user == at || user == len(text) {
		return span{}
	}
	if isQuote[text[user]] {
		user++
	}
	colon := until(text, user, &endsCurlUser)
	if colon == len(text) || text[colon] != ':' {
		return span{}
	}
	return span{colon + 1, until(text, colon+1, &endsOption)}
}

var (
	beforeCurlUser = bytesOf(whitespace + "=")
	endsCurlUser   = bytesOf(whitespace + quotes + ":")
)

// afterIdentified reads the password in SQL's IDENTIFIED BY "password".
func afterIdentified(text string, at int) span {
	by, ok := blanks(text, at)
	start, isBy := blanks(text, by+foldedPrefix(text[by:], "by"))
	if !ok || !isBy || start == len(text) {
		return span{}
	}
	if value, isValues := blanks(text, start+foldedPrefix(text[start:], "values")); isValues && value < len(text) && text[value] != ';' {
		start = value
	}
	if isQuote[text[start]] {
		if length := strings.IndexByte(text[start+1:], text[start]); length > 0 {
			return span{start, start + length + 2}
		}
	}
	return span{start, until(text, start, &endsIdentified)}
}

var endsIdentified = bytesOf(whitespace + ";")
