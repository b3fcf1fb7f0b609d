package relp

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestTransactionNumbersWrap: behind the largest number comes 1, and answers find
// their frames on both sides.
func TestTransactionNumbersWrap(t *testing.T) {
	w := newWindow(8)
	w.base, w.next = maxTxnr-2, maxTxnr-2
	var numbers []int
	for range 6 {
		numbers = append(numbers, w.put([]byte("x")))
	}
	for i, want := range []int{maxTxnr - 2, maxTxnr - 1, maxTxnr, 1, 2, 3} {
		if numbers[i] != want {
			t.Errorf("frame %d has number %d, expected %d", i, numbers[i], want)
		}
	}
	if err := w.settle(4, 200, nil); err == nil || !strings.Contains(err.Error(), "expected one of 999999997 to 3") {
		t.Errorf("answer to a frame that does not exist: %v", err)
	}
	for _, i := range rand.Perm(6) {
		if err := w.settle(numbers[i], 200, nil); err != nil {
			t.Error(err)
		}
	}
	if waiting, settled, _ := w.status(); waiting != 0 || settled != 6 {
		t.Errorf("%d wait, %d are settled", waiting, settled)
	}
}

// TestRefusedBlocksBase: a refused frame keeps its place until somebody took it.
func TestRefusedBlocksBase(t *testing.T) {
	w := newWindow(4)
	for _, line := range []string{"a", "b", "c"} {
		w.put([]byte(line))
	}
	for nr, code := range map[int]int{1: 500, 2: 200, 3: 500} {
		if err := w.settle(nr, code, []byte(strings.Repeat("x", 10*maxReason))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.settle(3, 200, nil); err == nil {
		t.Error("a second answer was accepted")
	}
	var got string
	err := w.takeRefused(func(line []byte, text string) error {
		got += string(line)
		if len(text) != len("500 ")+maxReason {
			t.Errorf("reason of %d bytes", len(text))
		}
		return nil
	})
	if waiting, _, _ := w.status(); err != nil || got != "a\nc\n" || waiting != 0 {
		t.Errorf("took %q, %v, %d wait", got, err, waiting)
	}
}
