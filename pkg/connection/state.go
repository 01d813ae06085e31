package connection

import (
	"maps"
	"slices"
)

// Object is a connection of a change, as it is between two operations.
type Object struct {
	// Part identifies an object within one change. Every state names the same object by
	// the same part.
	Part Part
	// ID is empty for an object that the change creates.
	ID         string
	DataSource string
	// Key is where it stands, Space the space of that key. On the way to its key an object
	// may have a name that the planner chooses; then the name in Key means nothing.
	Key   Key
	Space Space
	Way   Way
	Owner string // id
	// Properties and Tags are those that it has, as far as they are known.
	Properties map[string]any
	Tags       []string
	Record     Record
	// Credentials are those that this change has written last, and Writes counts how often.
	// Before the first write, they are whatever the service has.
	Credentials map[string]any
	Writes      int
	// Set lists the properties that this change has written so far. Values are not compared:
	// a secret equals nothing. TagsAgain reports that the tags were written although they did
	// not differ.
	Set       []string
	TagsAgain bool
	// Carried is what every write to the object must carry; nil: nothing.
	Carried *Carried
	// Drops reports that the service may have dropped or unlinked its stored credentials when it
	// wrote its properties.
	Drops bool
	// Advice is what to do if the service refuses the operation that leads to the object.
	Advice Reason
}

// Part is the role of an object in its change.
type Part int

// The parts: the connection that the change is about, and what it creates.
const (
	PartLive  Part = iota // what is there before the change; without a recreate it is also what is declared
	PartNew               // what is created under the declared name
	PartTrial             // what is created and deleted again, to see whether the service takes it
)

// Way is why an object does not have its declared name.
type Way int

// The ways.
const (
	InPlace  Way = iota // the name is that of the key
	Beside              // new, and waiting for the name of what it replaces
	Aside               // old, and replaced
	OnTheWay            // moving, while its name is not free
)

// Carried is what each write carries where a write replaces the whole connection. AllowSecretLoss allows
// that what is not carried is lost.
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

// With returns a state in which an object has taken the place of that of its part.
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

// Path is one way for a service to get from the first of its states to the last. From one
// state to the next, exactly one object is created, changed or deleted.
type Path struct {
	States []State
	// NoRecords reports that the object stands at a key between the first and the last
	// before its ownership record says where it is going.
	NoRecords bool
	// ByTemporary reports that the object may go by a temporary name where a key between
	// the first and the last is not free.
	ByTemporary bool
	// Group is the operations that must not be separated; see [Group]. Zero: none. Does says what
	// they do, with the operation before them if that creates what they need.
	Group Span
	Does  Reason
}

// Span is the operations between the states From and To of a path.
type Span struct {
	From, To int
	// Undo reports that a failure in between is undone: what was changed first becomes again
	// what it was.
	Undo bool
}

// Lowering is what a provider is asked for: the paths of one change.
type Lowering struct {
	Capabilities *Capabilities
	Caller       string
	// Live is what is there; nil: nothing is, and the change creates the connection.
	Live *Live
	// From is the live connection as an object. It means nothing where Live is nil.
	From Object
	// To is what is declared. For a create its owner is the one that it is to have in the end.
	To Object
	// Due reports that the declared credentials must be written; To has them then.
	Due bool
	// Marking reports that the ownership record of To must be written even if nothing else is.
	Marking bool
	// Recreate reports whether the connection must be recreated.
	Recreate bool
	// Begun is what an interrupted recreate has created, if this one goes on with it.
	Begun *Object
	// Missed reports that the declared name is missing now.
	Missed bool
	// SignIn reports that the credentials hold the code of a person's sign-in.
	SignIn bool
	// Desired and Source are the declaration; Demands is what [Rules.Assess] has returned for it,
	// and AllowSecretLoss reports that it allows to lose what the service does not show.
	Desired         *Desired
	Source          *DataSource
	Demands         Demands
	AllowSecretLoss bool
	// Declared are the declared credentials, also where they are not due; Hidden the declared
	// properties whose live values nobody sees; Absent the parts that are declared to be absent.
	Declared            map[string]any
	WriteOnlyProperties map[string]any
	Absent              []string
	// Record returns the record of the declared credentials for an owner; see [CredentialsRecord].
	Record func(owner string) string
	// Place is the record of the key at which the live connection stands.
	Place string
}

// Derive returns the operation that leads from one state of a path to the next, and the part
// of the object that it is about. ok is false where the states do not differ. Keys, ids and
// what the operation is told of the plan are for the planner to fill in.
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
	if tags := o.Tags; len(tags) > 0 { // a pointer into the object would keep all of it in memory
		operation.Tags = &tags
	}
	return operation
}

// change returns the operation after which the object is as the other one.
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

// differences returns the properties that are set and removed on the way to the other object;
// nil where there are none.
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

// carry returns the operation with what every write must carry.
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

// equals reports whether two objects are the same: nothing leads from one to the other.
func (o *Object) equals(other *Object) bool {
	set, remove := o.differences(other)
	return o.Key == other.Key && o.Owner == other.Owner && o.Record == other.Record && o.Writes == other.Writes && (o.TagsAgain || !other.TagsAgain) &&
		slices.Equal(o.Tags, other.Tags) && set == nil && remove == nil
}
