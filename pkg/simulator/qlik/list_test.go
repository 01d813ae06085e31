package qlik_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// seedOf makes a tenant of n connections c000, c001, ... in the space Finance.
func seedOf(n int) string {
	var list strings.Builder
	for i := range n {
		if i > 0 {
			list.WriteString(",")
		}
		fmt.Fprintf(&list, `{"name": "c%03d", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://h%d"}, "credentials": {"password": "p"}}`, i, i)
	}
	return `{"users": [{"email": "ana@acme.example", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}],
		"connections": [` + list.String() + `]}`
}

func TestListSelects(t *testing.T) {
	ana, bob := newRig(t, acme, qlik.Options{}), newRig(t, asBob, qlik.Options{})
	disabled := newRig(t, strings.Replace(acme, `"token"`, `"disabledDataSources": ["rest"], "token"`, 1), qlik.Options{})
	finance := ana.space("Finance")
	tests := map[string]struct {
		who   *rig
		query string
		want  string
	}{
		"everything an administrator sees, by name":    {ana, "noDatafiles=true&sort=qName", "Gold,Ledger,Mine,Orders lake"},
		"everything a member sees, backwards":          {bob, "noDatafiles=true&sort=-qName", "Orders lake,Ledger,His"},
		"DataFiles last, one per space and a personal": {bob, "sort=%2BqName", "His,Ledger,Orders lake,DataFiles,DataFiles,DataFiles"},
		"one space":                     {ana, "sort=qName&spaceId=" + finance, "Ledger,Orders lake,DataFiles"},
		"one space, personal ignored":   {ana, "sort=qName&noDatafiles=true&personal=true&spaceId=" + finance, "Ledger,Orders lake"},
		"a space that is not there":     {ana, "spaceId=nope", ""},
		"personal ones":                 {ana, "personal=true", "Mine,DataFiles"},
		"the caller's own":              {ana, "ownedByMe=true&noDatafiles=true&sort=qName", "Gold,Mine,Orders lake"},
		"without disabled data sources": {disabled, "noDatafiles=true&sort=qName", "Gold,Ledger,Orders lake"},
		"with disabled data sources":    {disabled, "noDatafiles=true&sort=qName&includeDisabled=true", "Gold,Ledger,Mine,Orders lake"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test.who.in(t).want(200, "GET", connections+"?"+test.query, "")
			if got.names() != test.want {
				t.Errorf("got %s, want %s", got.names(), test.want)
			}
			if got.at("links", "next") != nil || got.at("links", "prev") != nil {
				t.Error("paging links without limit")
			}
			for _, c := range got.list("data") {
				if c["connectionProperties"] != nil || c["qri"] != nil {
					t.Errorf("the list shows properties or qri: %v", c)
				}
				if (c["user"] == nil) != (c["qName"] == "DataFiles") {
					t.Errorf("%v: got owner %v, want an owner for all but DataFiles", c["qName"], c["user"])
				}
			}
		})
	}
}

func TestListShowsQrisWhenAsked(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	for _, c := range r.want(200, "GET", connections+"?includeQris=true&noDatafiles=true", "").list("data") {
		if c["qri"] == nil {
			t.Errorf("%v has no qri", c["qName"])
		}
	}
}

func TestListRefusesBadQueries(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	for name, q := range map[string]string{
		"limit of none": "limit=0", "limit above 100": "limit=101", "limit that is no number": "limit=x",
		"boolean that is none": "personal=1", "unknown key": "spaceID=x", "key given twice": "limit=1&limit=2",
		"unknown sort": "sort=size", "cursor that was not given out": "limit=1&page=abc", "a broken query": "a=%zz",
	} {
		t.Run(name, func(t *testing.T) { r.in(t).want(400, "GET", connections+"?"+q, "") })
	}
	if len(r.Misuse()) == 0 {
		t.Error("got no misuse for a wrong query, want one")
	}
}

func TestListPagesThroughEverythingAndBack(t *testing.T) {
	r := newRig(t, seedOf(25), qlik.Options{})
	for _, sort := range []string{"", "&sort=qName", "&sort=-qName", "&sort=-created"} {
		whole := r.want(200, "GET", connections+"?"+sort, "").names()
		next := r.url + connections + "?limit=10" + sort
		var forward, back []string
		var last reply
		for next != "" {
			last = r.want(200, "GET", next, "")
			forward = append(forward, last.names())
			if count := last.at("meta", "count"); count != 27.0 {
				t.Fatalf("got count %v on the last page, want 27", count)
			}
			next, _ = last.at("links", "next", "href").(string)
		}
		if got := strings.Join(forward, ","); got != whole || len(forward) != 3 {
			t.Errorf("sort %q: %d pages\n got %s\nwant %s", sort, len(forward), got, whole)
		}
		for prev, _ := last.at("links", "prev", "href").(string); prev != ""; prev, _ = last.at("links", "prev", "href").(string) {
			last = r.want(200, "GET", prev, "")
			back = append(back, last.names())
		}
		if strings.Join(back, ";") != forward[1]+";"+forward[0] {
			t.Errorf("sort %q: back %q, forward %q", sort, back, forward)
		}
	}
	r.noMisuse()
}

func TestPagesNeitherRepeatNorHideWhenConnectionsGo(t *testing.T) {
	r := newRig(t, seedOf(6), qlik.Options{})
	first := r.want(200, "GET", connections+"?limit=2&sort=qName&noDatafiles=true", "")
	for _, name := range []string{"c000", "c001", "c002"} {
		if err := r.Remove(r.id("Finance", name)); err != nil {
			t.Fatal(err)
		}
	}
	second := r.want(200, "GET", first.at("links", "next", "href").(string), "")
	if second.names() != "c003,c004" {
		t.Errorf("second page is %s", second.names())
	}
	for _, name := range []string{"c003", "c004", "c005"} {
		if err := r.Remove(r.id("Finance", name)); err != nil {
			t.Fatal(err)
		}
	}
	third := r.want(200, "GET", second.at("links", "next", "href").(string), "")
	if third.names() != "" || third.at("links", "next") != nil {
		t.Errorf("third page is %s", third.text)
	}
}

func TestACursorBelongsToItsQuery(t *testing.T) {
	r := newRig(t, seedOf(3), qlik.Options{})
	next := r.want(200, "GET", connections+"?limit=1", "").at("links", "next", "href").(string)
	if !strings.Contains(next, "page%3D") {
		t.Errorf("the cursor needs no escaping: %s", next)
	}
	r.want(400, "GET", next+"&noDatafiles=true", "")
	r.want(200, "GET", strings.Replace(next, "limit=1&", "", 1), "") // the cursor knows its page size
}

func TestPageSizeMayBeSmallerThanAskedFor(t *testing.T) {
	r := newRig(t, seedOf(7), qlik.Options{PageSize: 3})
	got := r.want(200, "GET", connections+"?limit=100&noDatafiles=true", "")
	if len(got.list("data")) != 3 || got.at("links", "next") == nil {
		t.Errorf("got %s, want a page of 3 connections with a next link", got.text)
	}
}
