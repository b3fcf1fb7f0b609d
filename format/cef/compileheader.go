package cef

const defaultSeverity = "5"

// template compiles a header field. Unlike in the extension 0 and empty text are
// written there.
func (c *compiler) template(before string, pieces []piece) (parts []part) {
	parts = append(parts, part{write: writeText, text: before})
	for _, piece := range pieces {
		p := part{write: writeText, text: string(appendHeader(nil, []byte(piece.text), c.mend))}
		switch {
		case piece.computed != "":
			p.text = "None"
			if op := c.view.Find(piece.computed); op != nil {
				p.write, p.computed = writeHeaderOp, op
			}
		case piece.path != "":
			p.text = "None"
			if ref, ok := c.names.Find(piece.path); ok {
				if p = *c.field(ref); p.write == writeContent {
					p.write = writeHeaderRaw
				}
			}
		}
		// Neighbouring constants are written at once.
		if last := len(parts) - 1; p.write == writeText && parts[last].write == writeText {
			parts[last].text += p.text
			continue
		}
		parts = append(parts, p)
	}
	return parts
}

func (c *compiler) severity(m *severityMapping) part {
	p := part{before: "|", write: writeText}
	slot, isNumber := c.number(m.field)
	switch m.form {
	case severityConst:
		p.text = m.text
	case severityMatrix:
		p.text = defaultSeverity
		if !isNumber {
			break
		}
		p.write, p.slot, p.other = writeMatrix, slot, -1
		p.severity = new(severityPlan)
		if m.other[0] == '@' {
			p.severity.impact = c.view.Find(m.other[1:])
		} else if impact, ok := c.number(m.other); ok {
			p.other = impact
		}
	case severityTenth:
		if p.text = "None"; c.mend {
			p.text = "0.0"
		}
		if isNumber {
			p.write, p.slot = writeTenth, slot
		}
	case severityLimit:
		p.text = m.high
		if isNumber {
			p.write, p.slot = writeSeverity, slot
			p.severity = &severityPlan{below: m.below, low: m.low, high: m.high}
		}
	default:
		p.text = "None"
		if isNumber {
			p.write, p.slot = writeUint, slot
		}
	}
	return p
}

// number returns the slot of a path that leads to a number.
func (c *compiler) number(path string) (int, bool) {
	ref, ok := c.names.Find(path)
	return ref.Slot, ok && c.layout.Fields[ref.Slot].Kind.Integer()
}
