package server

import "testing"

func TestTheClassOfAnErrorIsItsTypeAndNeverItsText(t *testing.T) {
	t.Parallel()
	for chain, want := range map[string]string{
		"it broke": "error",
		"":         "error",
		"it broke: root\n  *errors.errorString: root":                                                      "error",
		"save: broke\n  *fmt.wrapError: broke\n    *pgconn.PgError: broke\n    *net.OpError: broke":        "*pgconn.PgError",
		"it took long\n  jobs.permanentError: it took long\n    context.deadlineExceededError: took long":  "context.deadlineExceededError",
		"panic: out of polish\n\ngoroutine 1 [running]:\n  main.polish: the key is s3cret":                 "panic",
		"done: panic: no\n  *jobs.panicError: panic: no\n\ngoroutine 1 [running]:":                         "panic",
		"it broke\n  the key is s3cret: yes\n  s3cret key: yes\n  *weird[map[string]int]: it broke s3cret": "error",
		"it broke\n\n  *net.OpError: in a stack":                                                           "error",
	} {
		if got := errorClass(chain); got != want {
			t.Errorf("%q: %q, want %q", chain, got, want)
		}
	}
}
