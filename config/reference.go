package config

import _ "embed"

// Reference is the reference file: a valid configuration with every key there is,
// each explained. It is documentation to be read, and the source of tests.
//
//go:embed estream.yaml
var Reference []byte
