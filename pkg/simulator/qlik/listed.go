package qlik

import (
	"encoding/json"
	"net/url"
)

// place is what a tenant is to others.
type place struct {
	salt   string // of ids
	name   string
	region region
	status string
	host   string // where the tenant is served; empty: at the host of the request
}

type region struct {
	code    string // such as eu-west-1
	part    string // of a host, such as eu
	country string
}

// regions are those that are known. Tenants without a region are in the first one.
var regions = []region{
	{"eu-west-1", "eu", "IE"}, {"us-east-1", "us", "US"}, {"eu-central-1", "de", "DE"}, {"eu-west-2", "uk", "GB"}, {"ap-northeast-1", "jp", "JP"},
}

// regionOf returns the region with a code. One that is not known has the code as its part of a host.
func regionOf(code string) region {
	for _, r := range regions {
		if r.code == code {
			return r
		}
	}
	return region{code: code, part: code}
}

// console is what the console of an organization lists.
type console struct {
	entries   []entry
	linkHost  string // the host of links: another one than that of the request (sample answers)
	endless   bool   // every page has a next one
	needsTerm bool   // a filter must name the subscription
	forbidden bool   // the client's scopes do not allow it to list
}

// entry is a tenant in the list. Its text, if there is one, is answered as it is.
type entry struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Status         string   `json:"status"`
	Hostnames      []string `json:"hostnames"`
	RegionCode     string   `json:"regionCode"`
	CountryCode    string   `json:"countryCode"`
	SubscriptionID string   `json:"subscriptionId"`
	LicenseNumber  string   `json:"licenseNumber"`
	LicenseEndsAt  string   `json:"licenseEndsAt"`
	CreatedAt      string   `json:"createdAt"`
	UpdatedAt      string   `json:"updatedAt"`

	text   json.RawMessage
	at     *place // nil: nothing is served there
	number int
}

func (e entry) MarshalJSON() ([]byte, error) {
	if e.text != nil {
		return e.text, nil
	}
	type plain entry
	return json.Marshal(plain(e))
}

// away returns a link with the host that links have.
func (k *console) away(href string) string {
	address, err := url.Parse(href)
	if err != nil {
		return href
	}
	address.Host = k.linkHost
	return address.String()
}
