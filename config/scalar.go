package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// errForm says that text has not the form that its key takes.
var errForm = errors.New("wrong form")

// set parses text into v, which is no section, list or map.
func (f *field) set(v reflect.Value, text string) error {
	if f.none && text == f.word {
		v.SetZero()
		return nil
	}
	if err := f.parse(v, text); err != nil {
		return err
	}
	if f.least == "" {
		return nil
	}
	if least, most := f.bound(f.least), f.bound(f.most); v.Int() < least || v.Int() > most {
		return errForm
	}
	return nil
}

// bound returns one end of the range, which the struct tags give as text.
func (f *field) bound(text string) int64 {
	v := reflect.New(f.typ).Elem()
	if err := f.parse(v, text); err != nil {
		panic(fmt.Sprintf("config: key %s: range %q: %v", f.key, text, err)) // a bug in the tags that every test shows
	}
	return v.Int()
}

func (f *field) parse(v reflect.Value, text string) error {
	switch {
	case v.Type() == durationType:
		d, ok := parseDuration(text)
		if !ok {
			return errForm
		}
		v.SetInt(int64(d))
		return nil
	case v.Type() == addrType:
		a, err := netip.ParseAddr(text)
		if err != nil {
			return errForm
		}
		v.Set(reflect.ValueOf(a))
		return nil
	case isScalar(v.Type()):
		return v.Addr().Interface().(scalar).parse(text)
	case v.Type().Implements(enumType):
		for _, known := range v.Interface().(enumeration).values() {
			if text == known {
				v.SetString(text)
				return nil
			}
		}
		return errForm
	}
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errForm
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return errForm
		}
		v.SetInt(n)
	default:
		text, err := textRules[f.rule].check(text)
		if err != nil {
			return err
		}
		v.SetString(text)
	}
	return nil
}

// parseDuration reads a sum of numbers with units, the largest first or not: ns,
// us, ms, s, m, h as in Go, and d for 24 hours, w for seven days.
func parseDuration(text string) (time.Duration, bool) {
	if text == "" || len(text) > 64 || text[0] == '-' || text[0] == '+' {
		return 0, false
	}
	var sum time.Duration
	for text != "" {
		unit := strings.TrimLeft(text, "0123456789.")
		number := text[:len(text)-len(unit)]
		if end := strings.IndexAny(unit, "0123456789."); end >= 0 {
			unit = unit[:end]
		}
		text = text[len(number)+len(unit):]
		factor := time.Duration(1)
		switch unit {
		case "d":
			factor, unit = 24, "h"
		case "w":
			factor, unit = 7*24, "h"
		}
		d, err := time.ParseDuration(number + unit) // refuses a number or a unit that is missing
		if err != nil || unit == "" || d > math.MaxInt64/factor || sum > math.MaxInt64-d*factor {
			return 0, false
		}
		sum += d * factor
	}
	return sum, true
}
