// Package resolver reads secrets from their sources: environment variables, files, and the output
// of commands. It is the only package that runs other programs.
package resolver
