package filter

// For tests outside the package, which have to be there because they use formats.

// FieldKind says which type a field has when it has only one: "number", "text" or
// "address", "" for all others and for names of attributes.
func (p *Parser) FieldKind(name string) string {
	info := p.names.fields[name]
	if info == nil || attributes[name].kinds != 0 {
		return ""
	}
	switch {
	case info.kinds&^(kindNumber|kindSeconds) == 0:
		return "number"
	case info.kinds == kindText:
		return "text"
	case info.kinds == kindIP:
		return "address"
	}
	return ""
}

// FieldNames returns the JSON keys of all fields, and those of computed values.
func (p *Parser) FieldNames() (fields, computed []string) {
	return p.names.shown, p.names.keys()
}
