package wire

// A layout is compiled into a program: a flat list of small operations that the
// decoder runs in one loop. Fields of fixed size that follow each other share one
// bounds check (opRun), and fields nobody wants cost nothing inside a run.

type opcode uint8

const (
	opRun   opcode = iota // n bytes follow: check once, later ops read at fixed offsets
	opU8                  // slot = byte at base+n
	opU16                 // slot = uint16 at base+n
	opU32                 // slot = uint32 at base+n
	opU64                 // slot = uint64 at base+n
	opSpan                // slot = size bytes at base+n, in place
	opBlock               // the body's block header: the block's length becomes the bound
	opWhen                // skip the next n ops unless slot aux holds 1, and clear slot
	opText                // slot = as many bytes as slot aux says
	opRest                // slot = all bytes up to the bound
	opStr                 // slot = content of a string or blob block
	opWhole               // slot = list or nested block, header included
	opSkip                // step over a string, blob, list or nested block
)

type op struct {
	code opcode
	slot uint16
	aux  uint16 // another slot, or a size in bytes (opSpan)
	n    uint32 // offset from the start of the run, size of the run, or number of ops
}

type program struct {
	layout *Layout
	ops    []op
	wanted []bool // nil when every slot is filled
}

// Wanted tells which fields somebody will read; nil means all of them.
type Wanted func(l *Layout, slot int) bool

// compile turns the fields of l into a program that fills the wanted slots.
// Fields that others depend on (lengths, conditions) are always filled.
func compile(l *Layout, want Wanted) *program {
	p := &program{layout: l}
	need := make([]bool, len(l.Fields))
	for i := range l.Fields {
		f := &l.Fields[i]
		if want == nil || want(l, i) {
			need[i] = true
		}
		for _, dep := range [...]string{f.LengthOf, f.When} {
			if dep != "" {
				need[fieldBefore(l, i, dep)] = true
			}
		}
	}
	if want != nil {
		p.wanted = need
	}
	blockAt := -1
	if l.Record != nil && l.Block != nil {
		blockAt = l.Discovery
	}
	i := 0
	for i <= len(l.Fields) {
		if i == blockAt {
			p.ops = append(p.ops, op{code: opBlock})
			blockAt = -1
		}
		if i == len(l.Fields) {
			break
		}
		f := &l.Fields[i]
		switch {
		case f.When != "":
			p.ops = append(p.ops, op{code: opWhen, slot: uint16(i), aux: uint16(fieldBefore(l, i, f.When)), n: 2})
			p.ops = append(p.ops, op{code: opRun, n: uint32(f.Size)}, op{code: opSpan, slot: uint16(i), aux: uint16(f.Size)})
			i++
		case f.Kind.Fixed():
			i = p.fixed(l, i, blockAt, need)
		case f.Kind == KindText:
			p.ops = append(p.ops, op{code: opText, slot: uint16(i), aux: uint16(fieldBefore(l, i, f.LengthOf))})
			i++
		case f.Kind == KindRest:
			p.ops = append(p.ops, op{code: opRest, slot: uint16(i)})
			i++
		case !need[i]:
			p.ops = append(p.ops, op{code: opSkip, slot: uint16(i)})
			i++
		case f.Kind == KindString || f.Kind == KindBlob:
			p.ops = append(p.ops, op{code: opStr, slot: uint16(i)})
			i++
		default:
			p.ops = append(p.ops, op{code: opWhole, slot: uint16(i)})
			i++
		}
	}
	return p
}

// fixed appends one bounds check for all fixed fields from i on, and a load for
// each wanted one. It returns the index of the first field after the run.
func (p *program) fixed(l *Layout, i, blockAt int, need []bool) int {
	head := len(p.ops)
	p.ops = append(p.ops, op{code: opRun, slot: uint16(i)})
	var off uint32
	for ; i < len(l.Fields) && i != blockAt; i++ {
		f := &l.Fields[i]
		if !f.Kind.Fixed() || f.When != "" {
			break
		}
		if need[i] {
			o := op{slot: uint16(i), n: off}
			switch f.Kind {
			case KindUint8:
				o.code = opU8
			case KindUint16:
				o.code = opU16
			case KindUint32:
				o.code = opU32
			case KindUint64:
				o.code = opU64
			default:
				o.code, o.aux = opSpan, uint16(f.Size)
			}
			p.ops = append(p.ops, o)
		}
		off += uint32(f.Size)
	}
	p.ops[head].n = off
	return i
}

// fieldBefore returns the last field called name before slot i. check has made
// sure that there is one.
func fieldBefore(l *Layout, i int, name string) int {
	for j := i - 1; j >= 0; j-- {
		if l.Fields[j].Name == name {
			return j
		}
	}
	return -1
}
