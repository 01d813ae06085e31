package connection

import (
	"regexp"
	"strings"
)

// tokenForm is the form of a token, and the words one of which such a token contains.
type tokenForm struct {
	form   string
	holds  []string
	before int // how many bytes of the token come before the word
}

// A token consists of tokenBytes only, and of minToken of them or more.
const minToken = 16

var (
	tokenBytes = bytesOf(letters + "-_~.+/=")
	wordBytes  = bytesOf(letters + "_")
	beforeWord = bytesOf(letters + "+/") // what may stand before a word that no token begins with
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// tokens are the expressions of tokenForms, for a text that begins with the token.
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

// tokenSpans finds the tokens of all forms in one go. An expression is used only where a word
// of its form stands: one for each form over a whole text takes seconds.
func tokenSpans(text string) []span {
	var found []span
	var ends []int // where the last token of each form ends
	run := 0       // the first byte after those of a token that was looked at
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

// tokenForms are the tokens that show by a prefix what they are. The prefixes are documented
// by the services that issue them, and listed in the documentation of GitHub on supported
// secret scanning patterns. The bare id of an access key (AKIA) counts too: it stands next to
// its secret.
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

// webhooks are the beginnings of addresses that let in whoever knows the rest of the path.
var webhooks = []string{
	`hooks\.slack\.com/(?:services|workflows|triggers)/`, // Slack
	`discord(?:app)?\.com/api/webhooks/\d+/`,             // Discord
	`webhook\.office\.com/webhookb2/`,                    // Microsoft Teams
	`outlook\.office(?:365)?\.com/webhook/`,
	`api\.telegram\.org/bot`,          // Telegram
	`hooks\.zapier\.com/hooks/catch/`, // Zapier
	`maker\.ifttt\.com/\S{1,80}/with/key/`,
	`hook\.[a-z0-9.]{1,20}\.?make\.com/`, // Make
}

// webhookHosts are parts of texts without which they hold none of the webhooks.
var webhookHosts = []string{"slack.com", "discord", "office", "telegram", "zapier", "ifttt", "make.com"}
