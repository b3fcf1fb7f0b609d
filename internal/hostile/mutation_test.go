package hostile

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"estream/meta"
)

var (
	mutationCount = flag.Uint64("hostile.mutations", 200_000, "how many mutated messages TestMutations makes")
	mutationSeed  = flag.Uint64("hostile.seed", 1, "seed of the mutated messages")
	mutationFirst = flag.Uint64("hostile.first", 0, "number of the first mutated message, to repeat a failure")
)

// hang is how long one message may take until the test ends with its number. An
// endless loop cannot be ended from outside, so that the whole process must.
const hang = 2 * time.Minute

// TestMutations decodes and formats mutated messages, each with the full decoder
// and with one of the formats in turn; every format meets its share of every kind
// of mutation.
func TestMutations(t *testing.T) {
	list, from := variants(t), seeds(t)
	workers := runtime.GOMAXPROCS(0)
	var (
		next    atomic.Uint64
		wg      sync.WaitGroup
		current = make([]atomic.Uint64, workers)
		decoded atomic.Int64
		refused atomic.Int64
	)
	last := *mutationFirst + *mutationCount
	next.Store(*mutationFirst)
	for w := range workers {
		wg.Go(func() {
			c, m := newChecker(list), newMutator(from)
			for n := next.Add(1) - 1; n < last && !t.Failed(); n = next.Add(1) - 1 {
				current[w].Store(n + 1)
				attack(t, c, m, n)
			}
			current[w].Store(0)
			decoded.Add(int64(c.decoded))
			refused.Add(int64(c.undecoded))
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	watch(done, current)
	t.Logf("%d messages of %d seeds in %d formats and profiles: %d decoded, %d refused", *mutationCount, len(from), len(list), decoded.Load(), refused.Load())
	if *mutationCount >= 10_000 && (decoded.Load() < int64(*mutationCount)/20 || refused.Load() < int64(*mutationCount)/20) {
		t.Errorf("%d decoded and %d refused: the mutations are too wild, or too tame", decoded.Load(), refused.Load())
	}
}

// attack checks message number n and says how to repeat what fails.
func attack(t *testing.T, c *checker, m *mutator, n uint64) {
	message := m.make(*mutationSeed, n)
	c.tables = meta.NewTables() // so that the message alone repeats a failure
	again := fmt.Sprintf("go test ./internal/hostile -run TestMutations -hostile.seed %d -hostile.first %d -hostile.mutations 1", *mutationSeed, n)
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 8<<10)
			t.Errorf("panic: %v\n%x\n%s\n%s", p, message, again, stack[:runtime.Stack(stack, false)])
		}
	}()
	if err := c.check(message, int(n%uint64(len(c.formats)))); err != nil {
		t.Errorf("%v\n%x\n%s", err, message, again)
	}
}

// watch waits for done and ends the process if a message takes too long.
func watch(done <-chan struct{}, current []atomic.Uint64) {
	before := make([]uint64, len(current))
	ticker := time.NewTicker(hang)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		for i := range current {
			n := current[i].Load()
			if n != 0 && n == before[i] {
				panic(fmt.Sprintf("mutated message %d of seed %d takes more than %v", n-1, *mutationSeed, hang))
			}
			before[i] = n
		}
	}
}
