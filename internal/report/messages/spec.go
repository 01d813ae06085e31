package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Spec are the messages of package spec.
var Spec = connection.Messages{}
