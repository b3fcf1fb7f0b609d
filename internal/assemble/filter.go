package assemble

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"estream/config"
	"estream/filter"
	"estream/format"
)

// securityIntelligence tells connections that Security Intelligence has matched
// from others. Where the older layouts lack all of the fields it is false.
const securityIntelligence = `category == "connection" and (security_intelligence_layer != 0 or security_intelligence_source_destination != 0 ` +
	`or security_intelligence_list1 != 0 or security_intelligence_list2 != 0)`

// choice compiles what an output writes. key is that of the output.
func (b *Builder) choice(c *config.Config, o *config.Output, key string) (format.Choice, error) {
	var choice format.Choice
	var problems config.Problems
	add := func(to **filter.Filter, key, expr string) {
		f, err := b.parser.Parse(expr)
		if err != nil {
			problems = append(problems, c.Problem(key, "%v", err))
			return
		}
		*to = filter.And(*to, f)
	}
	f := &o.Filter
	if expr := categories(f.Categories); expr != "" {
		add(&choice.Where, key+".filter.categories", expr)
	}
	if len(f.Types) > 0 {
		add(&choice.Where, key+".filter.types", "record in ("+joined(f.Types, strconv.Itoa)+")")
	}
	if len(f.Devices) > 0 {
		add(&choice.Where, key+".filter.devices", named("device", f.Devices))
	}
	if len(f.Domains) > 0 {
		add(&choice.Where, key+".filter.domains", named("domain", f.Domains))
	}
	if f.Where != "" {
		add(&choice.Where, key+".filter.where", f.Where)
	}
	if f.Sample.Keep < f.Sample.Of {
		choice.Sample = uint32(max(1, float64(f.Sample.Keep)/float64(f.Sample.Of)*(math.MaxUint32+1)))
	}
	if o.WhenFull.Policy == config.PolicyDrop {
		expr := "record >= 0" // all
		if named := categories(o.WhenFull.Categories); named != "" {
			expr = named
		}
		add(&choice.Keep, key+".when_full.categories", "not ("+expr+")")
	}
	if len(problems) > 0 {
		return choice, problems
	}
	return choice, nil
}

// categories returns the expression for a list of categories, "" for none.
func categories(list []config.Category) string {
	var plain, all []string
	for _, c := range list {
		switch c {
		case config.CategorySecurityIntelligence:
			all = append(all, "("+securityIntelligence+")")
		case config.CategoryConnection:
			if !slices.Contains(list, config.CategorySecurityIntelligence) {
				all = append(all, `(category == "connection" and not (`+securityIntelligence+"))")
				continue
			}
			plain = append(plain, strconv.Quote(string(c)))
		default:
			plain = append(plain, strconv.Quote(string(c)))
		}
	}
	if len(plain) > 0 {
		all = append(all, "category in ("+strings.Join(plain, ", ")+")")
	}
	return strings.Join(all, " or ")
}

// named returns the expression for devices or domains by name or number.
func named(what string, list []string) string {
	var all []string
	for _, name := range list {
		all = append(all, fmt.Sprintf("%s == %s", what, quote(name)))
		if n, err := strconv.ParseUint(name, 10, 32); err == nil {
			all = append(all, fmt.Sprintf("%s == %d", what, n))
		}
	}
	return strings.Join(all, " or ")
}

// quote writes a text as the language of filters takes it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		if c == '"' || c == '\\' || c < ' ' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func joined[T any](list []T, text func(T) string) string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = text(v)
	}
	return strings.Join(all, ", ")
}
