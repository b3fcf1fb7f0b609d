package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"estream/internal/durable"
)

const (
	// LearnedFile is the file in the state directory with what is known of the pauses
	// of sources, categories and devices. It may be deleted: all is then learned again.
	LearnedFile = "quiet.json"

	learnedVersion = 1
	maxLearnedFile = 16 << 20
)

// learnedFile is the content of LearnedFile. Times are in seconds.
type learnedFile struct {
	Version  int              `json:"version"`
	Subjects []learnedSubject `json:"subjects"`
}

type learnedSubject struct {
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`
	Sources []string     `json:"sources,omitempty"`
	Span    float64      `json:"span"`
	Idle    float64      `json:"idle"`
	Gaps    []learnedGap `json:"gaps,omitempty"`
}

type learnedGap struct {
	Hour int64   `json:"hour"`
	Gap  float64 `json:"gap"`
}

// loadQuiet reads what was learned. With an error, which is one of the file, it
// knows nothing and is usable.
func loadQuiet(fsys durable.FS, path string) (*quiet, error) {
	q := &quiet{subjects: map[subjectKey]*subject{}}
	data, err := durable.ReadFile(fsys, path, maxLearnedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return q, err
	}
	var f learnedFile
	if err := json.Unmarshal(data, &f); err != nil {
		return q, fmt.Errorf("%s: %w", path, err)
	}
	if f.Version != learnedVersion {
		return q, fmt.Errorf("%s: found version %d, expected %d", path, f.Version, learnedVersion)
	}
	for _, l := range f.Subjects[:min(len(f.Subjects), maxSubjects)] {
		s := &subject{sources: l.Sources, span: seconds(l.Span), idle: seconds(l.Idle), heard: true}
		for _, g := range l.Gaps {
			if g.Hour >= 0 {
				s.gaps[g.Hour%gapHours] = gap{g.Hour, seconds(g.Gap)}
			}
		}
		q.subjects[subjectKey{l.Kind, l.Name}] = s
	}
	return q, nil
}

// save writes what was learned, and gives up nothing when that fails.
func (q *quiet) save(fsys durable.FS, path string, least time.Duration) error {
	f := learnedFile{Version: learnedVersion, Subjects: []learnedSubject{}}
	for k, s := range q.subjects {
		if !s.heard {
			continue
		}
		l := learnedSubject{Kind: k.kind, Name: k.name, Sources: s.sources, Span: s.span.Seconds(), Idle: s.idle.Seconds()}
		for _, g := range s.gaps {
			if gapFactor*g.gap > least { // a shorter one never decides
				l.Gaps = append(l.Gaps, learnedGap{g.hour, g.gap.Seconds()})
			}
		}
		f.Subjects = append(f.Subjects, l)
	}
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := durable.ReplaceFile(fsys, path, append(data, '\n'), os.FileMode(0o600)); err != nil {
		return fmt.Errorf("keep what was learned of pauses: %w", err)
	}
	q.changed = false
	return nil
}

// seconds is the inverse of Duration.Seconds, within what makes sense here.
func seconds(s float64) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return time.Duration(min(max(s, 0), most.Seconds()) * float64(time.Second))
}
