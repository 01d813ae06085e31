package apinizer

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
)

// listConnections serves GET .../connections/?type=T.
func (m *Manager) listConnections(c *call) (answer, error) {
	p, err := m.entered(c, false)
	if err != nil {
		return answer{}, err
	}
	wanted := c.query.Get("type")
	switch {
	case wanted == "" && !m.store.Behaviour.MixedLists:
		return answer{}, model.Misuse("Connection type parameter is required!")
	case wanted != "" && !slices.Contains(model.TypeNames, wanted):
		return answer{}, model.Misuse("Connection type %q is not valid!", wanted)
	}
	var records []*model.Record
	for _, typeName := range model.TypeNames {
		if typeName == wanted || m.store.Behaviour.MixedLists {
			records = append(records, m.store.World.Lists[model.Place{Project: p.Name, Type: typeName}]...)
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
		items = append(items, m.store.View(r, false))
	}
	return m.listed(items, total), nil
}

// page returns the part of a list that is answered (Behaviour.PageSize).
func (m *Manager) page(c *call, records []*model.Record) ([]*model.Record, error) {
	if m.store.Behaviour.PageSize == 0 {
		return records, nil
	}
	number, size := 1, m.store.Behaviour.PageSize
	for key, into := range map[string]*int{"page": &number, "size": &size} {
		if text := c.query.Get(key); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, model.Misuse("query key %q must be a number from 1", key)
			}
			*into = n
		}
	}
	size = min(size, m.store.Behaviour.PageSize)
	from := min((number-1)*size, len(records))
	return records[from:min(from+size, len(records))], nil
}

// getConnection serves GET .../connections/{name}/.
func (m *Manager) getConnection(c *call) (answer, error) {
	r, err := m.named(c, false)
	if err != nil {
		return answer{}, err
	}
	return m.listed([]any{m.store.View(r, true)}, 1), nil
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
	if d.Name == "" {
		return answer{}, model.Misuse("Connection name can not be empty!")
	}
	if !strings.EqualFold(d.Name, c.parts["name"]) {
		return answer{}, model.Misuse("Connection name in the path (%s) and in the body (%s) must be the same!", c.parts["name"], d.Name)
	}
	old := m.store.World.Holder(model.Place{Project: p.Name, Type: d.Kind.Name}, d.Name)
	if old != nil {
		switch m.store.Behaviour.ExistingName {
		case "refuse":
			return answer{}, model.Exists(old.Name, 0)
		case "conflict":
			return answer{}, model.Exists(old.Name, http.StatusConflict)
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
	case d.Name == "" && m.store.Behaviour.Dialect == Legacy:
		return answer{}, model.Misuse("Connection name can not be empty!")
	case d.Name != "" && !strings.EqualFold(d.Name, old.Name) && m.store.Behaviour.RefuseRename:
		return answer{}, model.Invalidf("Connection name in the path (%s) and in the body (%s) must be the same!", old.Name, d.Name)
	}
	d.Name = cmp.Or(d.Name, old.Name)
	if holder := m.store.World.Holder(old.Place(), d.Name); holder != nil && holder != old {
		return answer{}, model.Exists(holder.Name, 0)
	}
	return m.write(c, old.Project, d, old)
}

// write stores a definition in the place of the old connection, if there is one, and pushes it where it is to be pushed.
func (m *Manager) write(c *call, project string, d *model.Definition, old *model.Record) (answer, error) {
	if old != nil && old.Type != d.Kind.Name {
		return answer{}, model.Invalidf("Connection type can not be changed! (%s to %s)", old.Type, d.Kind.Name)
	}
	fields, err := m.store.Complete(d, old)
	if err != nil {
		return answer{}, err
	}
	if err := m.checkRules(d.Name, fields); err != nil {
		return answer{}, err
	}
	r := &model.Record{Project: project, Type: d.Kind.Name, Name: d.Name, Fields: fields, Revision: 1}
	if old != nil {
		r.Revision, r.Live = old.Revision+1, old.Live
	}
	var result any
	if fields["deployToWorker"] == false {
		result = m.notPushed()
		if !m.store.Behaviour.StaysDeployed {
			r.Live = 0
		}
	} else {
		var done bool
		if result, done = m.push(c); done {
			r.Live = r.Revision
		}
	}
	m.store.World.Put(r, old)
	return m.written(result), nil
}

// deleteConnection serves DELETE .../connections/{name}/ (facts, 6.4).
func (m *Manager) deleteConnection(c *call) (answer, error) {
	r, err := m.named(c, true)
	if err != nil {
		return answer{}, err
	}
	m.store.World.Remove(r)
	if r.Live == 0 {
		return m.written(m.notPushed()), nil
	}
	result, _ := m.push(c)
	return m.written(result), nil
}

// entered returns the project of a call, if the caller may do what it asks for.
func (m *Manager) entered(c *call, write bool) (*model.Project, error) {
	name := c.parts["project"]
	p := m.store.Project(name)
	switch {
	case p == nil:
		return nil, &model.Refusal{
			Situation: model.MissingProject, Text: "Project (" + name + ") is not found!", Legacy: "Project '" + name + "' not found",
		}
	case p.Access == model.AccessNone:
		return nil, &model.Refusal{
			Situation: model.MissingProject, Text: "Project (" + name + ") is not found or user does not have privilege to access it!",
			Legacy: "Project '" + name + "' not found",
		}
	case !write:
		return p, nil
	}
	c.degraded = c.fault.NoAdmin
	if p.Access == model.AccessView || c.degraded {
		return nil, &model.Refusal{Situation: model.Forbidden, Text: "User does not have required permission for this operation!"}
	}
	return p, nil
}

// named returns the connection that the path of a call names.
func (m *Manager) named(c *call, write bool) (*model.Record, error) {
	p, err := m.entered(c, write)
	if err != nil {
		return nil, err
	}
	name := c.parts["name"]
	if name == "" {
		return nil, model.Misuse("Connection name can not be empty!")
	}
	r := m.store.World.Find(p.Name, name)
	if r == nil {
		return nil, model.NotFound(name, !write)
	}
	return r, nil
}

// defined reads the definition of a call.
func (m *Manager) defined(c *call) (*model.Definition, error) {
	if len(c.body) == 0 {
		return nil, model.Misuse("the body must be one JSON object")
	}
	return m.store.Define(c.body)
}

// checkRules applies the rules of the console (Behaviour.ConsoleRules).
func (m *Manager) checkRules(name string, fields map[string]any) error {
	if !m.store.Behaviour.ConsoleRules {
		return nil
	}
	if text, _ := fields["description"].(string); utf8.RuneCountInString(text) > 1000 {
		return model.Invalidf("The field description must have at most 1000 characters")
	}
	special := strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.", r)
	})
	if special || strings.HasPrefix(name, " ") {
		return model.Invalidf("Connection name (%s) must not start with a space or have special characters!", name)
	}
	return nil
}
