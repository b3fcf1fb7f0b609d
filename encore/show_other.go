//go:build !unix

package encore

import "context"

// ShowSignals returns nil: there is no such signal here.
func ShowSignals(context.Context) <-chan struct{} { return nil }
