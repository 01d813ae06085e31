package connection

import "regexp"

// tokenForm is the form of a token, and a word that such a token contains.
type tokenForm struct {
	form  string
	holds []string
}

// tokens are the expressions of the token forms. The word of each one is looked for first, which
// is much faster than the expression.
var tokens = func() []guarded {
	all := make([]guarded, len(tokenForms))
	for i, one := range tokenForms {
		all[i] = guarded{Regexp: regexp.MustCompile(`\b(` + one.form + `)`), holds: one.holds}
	}
	return all
}()

// tokenForms are the tokens that show by a prefix what they are. The prefixes are documented
// by the services that issue them, and listed in the documentation of GitHub on supported
// secret scanning patterns. The bare id of an access key (AKIA) counts too: it stands next to
// its secret.
var tokenForms = []tokenForm{
	{`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`, []string{"AKIA", "ASIA", "ABIA", "ACCA"}},                                               // Amazon Web Services
	{`LTAI[A-Za-z0-9]{12,20}\b`, []string{"LTAI"}},                                                                                    // Alibaba Cloud
	{`AIza[A-Za-z0-9_-]{35}`, []string{"AIza"}},                                                                                       // Google: API key
	{`ya29\.[A-Za-z0-9_-]{16,}`, []string{"ya29."}},                                                                                   // Google: access token
	{`GOCSPX-[A-Za-z0-9_-]{20,}`, []string{"GOCSPX-"}},                                                                                // Google: client secret
	{`[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,}`, []string{"Q~"}},                                                                     // Microsoft Entra: client secret
	{`[A-Za-z0-9+/]{86}==`, []string{"=="}},                                                                                           // Azure: a key of 64 bytes
	{`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`, []string{"SG."}},                                                                   // SendGrid
	{`gh[pousr]_[A-Za-z0-9_-]{12,}|github_pat[_-][A-Za-z0-9_-]{12,}`, []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat"}}, // GitHub
	{`gl(?:pat|ptt|rt|dt|oas|soat|cbt|ft|imt|agent|wt|ffct)-[A-Za-z0-9_.=-]{12,}`, []string{"glpat-", "glptt-", "glrt-", "gldt-", "gloas-", "glsoat-", "glcbt-", "glft-", "glimt-", "glagent-", "glwt-", "glffct-"}}, // GitLab
	{`xox[a-z]-[A-Za-z0-9-]{12,}|xapp-\d-[A-Za-z0-9-]{12,}`, []string{"xox", "xapp-"}},                                                    // Slack
	{`(?:sk|rk)_(?:live|test)_[A-Za-z0-9_-]{12,}|whsec_[A-Za-z0-9+/=]{20,}`, []string{"sk_", "rk_", "whsec_"}},                            // Stripe
	{`sk-(?:ant|proj|svcacct|admin)-[A-Za-z0-9_-]{12,}|sk-[A-Za-z0-9]{40,}`, []string{"sk-"}},                                             // Anthropic, OpenAI
	{`npm_[A-Za-z0-9]{30,}`, []string{"npm_"}},                                                                                            // npm
	{`pypi-[A-Za-z0-9_-]{16,}`, []string{"pypi-"}},                                                                                        // PyPI
	{`rubygems_[a-f0-9]{32,}`, []string{"rubygems_"}},                                                                                     // RubyGems
	{`dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}`, []string{"dckr_"}},                                                                            // Docker
	{`hf_[A-Za-z0-9]{30,}`, []string{"hf_"}},                                                                                              // Hugging Face
	{`dapi[A-Za-z0-9]{32}(?:-\d)?|dose[a-f0-9]{32}`, []string{"dapi", "dose"}},                                                            // Databricks
	{`hv[sbr]\.[A-Za-z0-9_-]{20,}`, []string{"hvs.", "hvb.", "hvr."}},                                                                     // HashiCorp Vault
	{`[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}`, []string{".atlasv1."}},                                                               // HCP Terraform
	{`do[opr]_v1_[a-f0-9]{40,}`, []string{"_v1_"}},                                                                                        // DigitalOcean
	{`shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{32}`, []string{"shpat_", "shpss_", "shpca_", "shppa_"}},                                              // Shopify
	{`A[TC][AC]TT3x[A-Za-z0-9_=-]{20,}`, []string{"TT3x"}},                                                                                // Atlassian
	{`gl(?:sa|c)_[A-Za-z0-9+/=_]{20,}`, []string{"glsa_", "glc_"}},                                                                        // Grafana
	{`NR(?:AK|RA|II|JS)-[A-Za-z0-9_-]{20,}`, []string{"NRAK-", "NRRA-", "NRII-", "NRJS-"}},                                                // New Relic
	{`sntry[su]_[A-Za-z0-9+/=_]{20,}`, []string{"sntry"}},                                                                                 // Sentry
	{`dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}`, []string{"dt0"}},                                                                         // Dynatrace
	{`dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{30,}`, []string{"dp."}},                                                              // Doppler
	{`ops_eyJ[A-Za-z0-9_-]{50,}`, []string{"ops_eyJ"}},                                                                                    // 1Password
	{`PMAK-[a-f0-9]{24}-[a-f0-9]{34}`, []string{"PMAK-"}},                                                                                 // Postman
	{`lin_api_[A-Za-z0-9]{30,}|ntn_[A-Za-z0-9]{30,}|figd_[A-Za-z0-9_-]{30,}`, []string{"lin_api_", "ntn_", "figd_"}},                      // Linear, Notion, Figma
	{`pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}`, []string{"pscale_"}},                                                                 // PlanetScale
	{`sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20,}`, []string{"sq0"}},                                                                            // Square
	{`xkeysib-[a-f0-9]{40,}`, []string{"xkeysib-"}},                                                                                       // Brevo
	{`tskey-[a-z]+-[A-Za-z0-9-]{16,}`, []string{"tskey-"}},                                                                                // Tailscale
	{`pul-[a-f0-9]{40}`, []string{"pul-"}},                                                                                                // Pulumi
	{`nvapi-[A-Za-z0-9_-]{40,}|gsk_[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,}|xai-[A-Za-z0-9]{40,}`, []string{"nvapi-", "gsk_", "r8_", "xai-"}}, // NVIDIA, Groq, Replicate, xAI
	{`AKCp[A-Za-z0-9]{50,}`, []string{"AKCp"}},                                                                                            // JFrog Artifactory
	{`AGE-SECRET-KEY-1[A-Z0-9]{20,}`, []string{"AGE-SECRET-KEY-1"}},                                                                       // age
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
