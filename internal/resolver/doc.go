// Package resolver reads secrets from where references in files say: environment
// variables, files, and what commands print. It is the only room that runs processes.
package resolver
