//go:build programs

// Package programs names what is built of this module, so that `go mod tidy` keeps its versions.
package programs

import (
	_ "github.com/coredns/coredns"
)
