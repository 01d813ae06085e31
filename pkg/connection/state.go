package connection

import (
	"maps"
	"slices"
)

// Object is the state of one connection of a change between two operations.
type Object struct {
	// Part identifies an object within one change: every state uses the same part for the same object.
	Part Part
	// ID is empty for an object that the change creates.
	ID         string
	DataSource string
	// Key is the current key, and Space the space of that key. On the way to its key an object may have
	// a temporary name that the planner chooses; then the name in Key is not meaningful.
	Key   Key
	Space Space
	Way   Way
	Owner string // id
	// Properties and Tags are the known properties and tags.
	Properties map[string]any
	Tags       []string
	Record     Record
	// Credentials are the last ones that this change has written, and Writes counts the writes. Before
	// the first write, the service's own credentials apply.
	Credentials map[string]any
	Writes      int
	// Set lists the properties that this change has written so far, because secrets cannot be compared.
	// TagsAgain reports that the tags were written although they did not differ.
	Set       []string
	TagsAgain bool
	// Carried is the content that every write to the object must carry; nil: none.
	Carried *Carried
	// Drops reports that the service may have dropped or unlinked stored credentials when the
	// properties were written.
	Drops bool
	// Advice is what to do if the service refuses the operation that leads to the object.
	Advice Reason
}

// Part is the role of an object in its change.
type Part int

// The parts: the connection of the change, and the connections that the change creates.
const (
	PartLive  Part = iota // the existing connection; without a recreate also the declared one
	PartNew               // created under the declared name
	PartTrial             // created and deleted again, to test whether the service accepts it
)

// Way is why an object does not have its declared name.
type Way int

// The ways.
const (
	InPlace  Way = iota // the name is the name of the key
	Beside              // new, and waiting for the name of the connection that it replaces
	Aside               // old, and replaced
	OnTheWay            // moving, while its name is taken
)

// Carried is the content of each write where a write replaces the whole connection. AllowSecretLoss
// permits each write to erase secrets that are not carried.
type Carried struct {
	AllowSecretLoss bool
	Credentials     map[string]any
	Set             map[string]any
	Remove          []string
}

// State is all objects of a change at one moment, ordered by part.
type State []Object

// Of returns the object of a part; nil if the state has none.
func (s State) Of(part Part) *Object {
	for i := range s {
		if s[i].Part == part {
			return &s[i]
		}
	}
	return nil
}

// With returns a state in which the object replaces the object of the same part.
func (s State) With(object Object) State {
	state := s.Without(object.Part)
	at := slices.IndexFunc(state, func(o Object) bool { return o.Part > object.Part })
	if at < 0 {
		at = len(state)
	}
	return slices.Insert(state, at, object)
}

// Without returns a state without the object of a part.
func (s State) Without(part Part) State {
	return slices.DeleteFunc(slices.Clone(s), func(o Object) bool { return o.Part == part })
}

// Path is one way in which a service can get from the first of its states to the last. Each step
// creates, changes or deletes exactly one object.
type Path struct {
	States []State
	// NoRecords reports that the object is at a key between the first and the last before its ownership
	// record names its target.
	NoRecords bool
	// ByTemporary reports that the object may get a temporary name if a key between the first and the
	// last is taken.
	ByTemporary bool
	// Group is the span of the atomic group; see [Group]. Zero: none. Does describes the group,
	// including the operation before it if that creates what the group needs.
	Group Span
	Does  Reason
}

// Span is the operations between the states From and To of a path.
type Span struct {
	From, To int
	// Undo reports that a failure in between reverts the first operation.
	Undo bool
}

// Lowering is the input of [Rules.Lower]: one change.
type Lowering struct {
	Capabilities *Capabilities
	Caller       string
	// Live is the existing connection; nil: the change creates the connection.
	Live *Live
	// From is the live connection as an object. It is not meaningful if Live is nil.
	From Object
	// To is the declared connection. For a create its owner is the final one.
	To Object
	// Due reports that the declared credentials must be written; To then has them.
	Due bool
	// Marking reports that the ownership record of To must be written even if there is no other change.
	Marking bool
	// Recreate reports whether the connection must be recreated.
	Recreate bool
	// Begun is the connection that an interrupted recreate has created and that this one continues
	// with.
	Begun *Object
	// Missed reports that no connection currently has the declared name.
	Missed bool
	// SignIn reports that the credentials contain the code of a person's sign-in.
	SignIn bool
	// Desired and Source are the declaration; Demands is the result of [Rules.Assess] for it, and
	// AllowSecretLoss reports that it permits the loss of secrets that the service does not return.
	Desired         *Desired
	Source          *DataSource
	Demands         Demands
	AllowSecretLoss bool
	// Declared are the declared credentials, also if they are not due; Hidden are the declared
	// properties whose live values cannot be read; Absent are the parts that must be absent.
	Declared            map[string]any
	WriteOnlyProperties map[string]any
	Absent              []string
	// Record returns the record of the declared credentials for an owner; see [CredentialsRecord].
	Record func(owner string) string
	// Place is the record of the current key of the live connection.
	Place string
}

// Derive returns the operation that leads from one state of a path to the next, and the part of the
// object that it changes. ok is false if the states do not differ. The planner fills in keys, ids
// and the fields that depend on the plan.
func Derive(before, after State, capabilities *Capabilities) (operation Operation, part Part, ok bool) {
	for i := range after {
		is := &after[i]
		was := before.Of(is.Part)
		switch {
		case was == nil:
			return is.create(before.Of(PartLive) != nil && is.Part != PartLive), is.Part, true
		case was.equals(is):
		default:
			return was.change(is, capabilities), is.Part, true
		}
	}
	for i := range before {
		if was := &before[i]; after.Of(was.Part) == nil {
			return Operation{Kind: capabilities.Existence, Key: was.Key, ID: was.ID, DataSource: was.DataSource}, was.Part, true
		}
	}
	return Operation{}, 0, false
}

// create returns the operation that creates the object.
func (o *Object) create(readBack bool) Operation {
	record, space := o.Record, o.Space
	operation := Operation{
		Kind: Create, Key: o.Key, Name: o.Key.Name, Space: &space, DataSource: o.DataSource,
		Set: o.Properties, Credentials: o.Credentials, Record: &record, ReadBack: readBack,
	}
	if tags := o.Tags; len(tags) > 0 { // a pointer into the object would keep the whole object in memory
		operation.Tags = &tags
	}
	return operation
}

// change returns the operation that turns the object into the other one.
func (o *Object) change(to *Object, capabilities *Capabilities) Operation {
	operation := Operation{Kind: Patch, Key: o.Key, ID: o.ID, DataSource: o.DataSource}
	if o.Key.Space != to.Key.Space {
		space := to.Space
		operation.Space = &space
		operation.Kind = capabilities.Space
	}
	if o.Owner != to.Owner {
		operation.Kind, operation.OwnerID = capabilities.Owner, to.Owner
	}
	if operation.Kind != Patch {
		return operation
	}
	record := to.Record
	operation.Record = &record
	if o.Key.Name != to.Key.Name {
		operation.Name = to.Key.Name
	}
	operation.Set, operation.Remove = o.differences(to)
	if to.TagsAgain && !o.TagsAgain || !slices.Equal(o.Tags, to.Tags) {
		tags := to.Tags
		operation.Tags = &tags
	}
	if to.Writes > o.Writes {
		operation.Credentials = to.Credentials
	}
	operation.DropsCredentials = to.Drops && (operation.Set != nil || operation.Remove != nil)
	return operation.carry(to.Carried)
}

// differences returns the properties to set and to remove on the way to the other object; nil where
// there are none.
func (o *Object) differences(to *Object) (set map[string]any, remove []string) {
	for _, name := range to.Set {
		if !slices.Contains(o.Set, name) {
			if set == nil {
				set = map[string]any{}
			}
			set[name] = to.Properties[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Properties)) {
		if _, stays := to.Properties[name]; !stays {
			remove = append(remove, name)
		}
	}
	return set, remove
}

// carry returns the operation with the content that every write must carry.
func (o Operation) carry(carried *Carried) Operation {
	if carried == nil {
		return o
	}
	o.AllowSecretLoss = carried.AllowSecretLoss
	if len(carried.Credentials) > 0 {
		o.Credentials = carried.Credentials
	}
	if len(carried.Set) > 0 {
		set := maps.Clone(carried.Set)
		maps.Copy(set, o.Set)
		o.Set = set
	}
	if len(carried.Remove) > 0 {
		o.Remove = append(slices.Clone(o.Remove), carried.Remove...)
	}
	return o
}

// equals reports whether two objects are the same, so that no operation is needed.
func (o *Object) equals(other *Object) bool {
	set, remove := o.differences(other)
	return o.Key == other.Key && o.Owner == other.Owner && o.Record == other.Record && o.Writes == other.Writes && (o.TagsAgain || !other.TagsAgain) &&
		slices.Equal(o.Tags, other.Tags) && set == nil && remove == nil
}
