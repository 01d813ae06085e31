package apinizer

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// listConnections serves GET .../connections/?type=T.
func (m *Manager) listConnections(c *call) (answer, error) {
	p, err := m.entered(c, false)
	if err != nil {
		return answer{}, err
	}
	wanted := c.query.Get("type")
	switch {
	case wanted == "" && !m.behaviour.MixedLists:
		return answer{}, misuse("Connection type parameter is required!")
	case wanted != "" && !slices.Contains(typeNames, wanted):
		return answer{}, misuse("Connection type %q is not valid!", wanted)
	}
	var records []*record
	for _, typeName := range typeNames {
		if typeName == wanted || m.behaviour.MixedLists {
			records = append(records, m.world.lists[place{p.Name, typeName}]...)
		}
	}
	total := len(records)
	if records, err = m.page(c, records); err != nil {
		return answer{}, err
	}
	items := []any{}
	for _, r := range records {
		if slices.Contains(c.fault.Omit, r.Name) {
			c.omitted = true
			continue
		}
		items = append(items, m.view(r, false))
	}
	return m.listed(items, total), nil
}

// page gives the part of a list that is answered (Behaviour.PageSize).
func (m *Manager) page(c *call, records []*record) ([]*record, error) {
	if m.behaviour.PageSize == 0 {
		return records, nil
	}
	number, size := 1, m.behaviour.PageSize
	for key, into := range map[string]*int{"page": &number, "size": &size} {
		if text := c.query.Get(key); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, misuse("query key %q must be a number from 1", key)
			}
			*into = n
		}
	}
	size = min(size, m.behaviour.PageSize)
	from := min((number-1)*size, len(records))
	return records[from:min(from+size, len(records))], nil
}

// getConnection serves GET .../connections/{name}/.
func (m *Manager) getConnection(c *call) (answer, error) {
	r, err := m.named(c, false)
	if err != nil {
		return answer{}, err
	}
	return m.listed([]any{m.view(r, true)}, 1), nil
}

// createConnection serves POST .../connections/{name}/ (facts, 6.1).
func (m *Manager) createConnection(c *call) (answer, error) {
	p, err := m.entered(c, true)
	if err != nil {
		return answer{}, err
	}
	d, err := m.defined(c)
	if err != nil {
		return answer{}, err
	}
	if d.name == "" {
		return answer{}, misuse("Connection name can not be empty!")
	}
	if !strings.EqualFold(d.name, c.parts["name"]) {
		return answer{}, misuse("Connection name in the path (%s) and in the body (%s) must be the same!", c.parts["name"], d.name)
	}
	old := m.world.holder(place{p.Name, d.kind.name}, d.name)
	if old != nil {
		switch m.behaviour.ExistingName {
		case "refuse":
			return answer{}, exists(old.Name, 0)
		case "conflict":
			return answer{}, exists(old.Name, http.StatusConflict)
		}
	}
	return m.write(c, p.Name, d, old)
}

// updateConnection serves PUT .../connections/{name}/: a full replacement, and a rename where the body has another name
// (facts, 6.2).
func (m *Manager) updateConnection(c *call) (answer, error) {
	old, err := m.named(c, true)
	if err != nil {
		return answer{}, err
	}
	d, err := m.defined(c)
	if err != nil {
		return answer{}, err
	}
	switch {
	case d.name == "" && m.behaviour.Dialect == Legacy:
		return answer{}, misuse("Connection name can not be empty!")
	case d.name != "" && !strings.EqualFold(d.name, old.Name) && m.behaviour.RefuseRename:
		return answer{}, invalidf("Connection name in the path (%s) and in the body (%s) must be the same!", old.Name, d.name)
	}
	d.name = cmp.Or(d.name, old.Name)
	if holder := m.world.holder(old.place(), d.name); holder != nil && holder != old {
		return answer{}, exists(holder.Name, 0)
	}
	return m.write(c, old.Project, d, old)
}

// write stores a definition in the place of the old connection, if there is one, and pushes it where it is to be pushed.
func (m *Manager) write(c *call, project string, d *definition, old *record) (answer, error) {
	if old != nil && old.Type != d.kind.name {
		return answer{}, invalidf("Connection type can not be changed! (%s to %s)", old.Type, d.kind.name)
	}
	fields, err := m.complete(d, old)
	if err != nil {
		return answer{}, err
	}
	if err := m.checkRules(d.name, fields); err != nil {
		return answer{}, err
	}
	r := &record{Project: project, Type: d.kind.name, Name: d.name, Fields: fields, Revision: 1}
	if old != nil {
		r.Revision, r.Live = old.Revision+1, old.Live
	}
	var result any
	if fields["deployToWorker"] == false {
		result = m.notPushed()
		if !m.behaviour.StaysDeployed {
			r.Live = 0
		}
	} else {
		var done bool
		if result, done = m.push(c); done {
			r.Live = r.Revision
		}
	}
	m.world.put(r, old)
	return m.written(result), nil
}

// deleteConnection serves DELETE .../connections/{name}/ (facts, 6.4).
func (m *Manager) deleteConnection(c *call) (answer, error) {
	r, err := m.named(c, true)
	if err != nil {
		return answer{}, err
	}
	m.world.remove(r)
	if r.Live == 0 {
		return m.written(m.notPushed()), nil
	}
	result, _ := m.push(c)
	return m.written(result), nil
}

// entered gives the project of a call, if the caller may do what it asks for.
func (m *Manager) entered(c *call, write bool) (*project, error) {
	name := c.parts["project"]
	p := m.project(name)
	switch {
	case p == nil:
		return nil, &refusal{
			situation: missingProject, text: "Project (" + name + ") is not found!", legacy: "Project '" + name + "' not found",
		}
	case p.Access == accessNone:
		return nil, &refusal{
			situation: missingProject, text: "Project (" + name + ") is not found or user does not have privilege to access it!",
			legacy: "Project '" + name + "' not found",
		}
	case !write:
		return p, nil
	}
	c.degraded = c.fault.NoAdmin
	if p.Access == accessView || c.degraded {
		return nil, &refusal{situation: forbidden, text: "User does not have required permission for this operation!"}
	}
	return p, nil
}

// named gives the connection that the path of a call names.
func (m *Manager) named(c *call, write bool) (*record, error) {
	p, err := m.entered(c, write)
	if err != nil {
		return nil, err
	}
	name := c.parts["name"]
	if name == "" {
		return nil, misuse("Connection name can not be empty!")
	}
	r := m.world.find(p.Name, name)
	if r == nil {
		return nil, notFound(name, !write)
	}
	return r, nil
}

// defined reads the definition of a call.
func (m *Manager) defined(c *call) (*definition, error) {
	if len(c.body) == 0 {
		return nil, misuse("the body must be one JSON object")
	}
	return m.define(c.body)
}

// checkRules applies the rules of the console (Behaviour.ConsoleRules).
func (m *Manager) checkRules(name string, fields map[string]any) error {
	if !m.behaviour.ConsoleRules {
		return nil
	}
	if text, _ := fields["description"].(string); utf8.RuneCountInString(text) > 1000 {
		return invalidf("The field description must have at most 1000 characters")
	}
	special := strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.", r)
	})
	if special || strings.HasPrefix(name, " ") {
		return invalidf("Connection name (%s) must not start with a space or have special characters!", name)
	}
	return nil
}
