package echo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ask returns the status and what was answered.
func ask(t *testing.T, h *Handler, method, target, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestARequestIsHeldUntilItIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(Handler)
		done := make(chan string, 2)
		go func() {
			_, body := ask(t, h, http.MethodGet, "/?hold=a", "")
			done <- body
		}()
		synctest.Wait()
		ask(t, h, http.MethodGet, "/release?hold=b", "")
		synctest.Wait()
		if len(done) != 0 {
			t.Fatal("another gate has released it")
		}
		ask(t, h, http.MethodGet, "/release?hold=a", "")
		var said Answer
		if err := json.Unmarshal([]byte(<-done), &said); err != nil || said.Sequence != 1 {
			t.Errorf("got %+v, %v", said, err)
		}
		before := time.Now()
		if _, body := ask(t, h, http.MethodGet, "/?hold=a", ""); !strings.Contains(body, `"sequence":2`) || time.Since(before) != 0 {
			t.Errorf("behind an open gate: got %s after %v", body, time.Since(before))
		}
		if ask(t, h, http.MethodGet, "/?hold=never", ""); time.Since(before) != maxHold {
			t.Errorf("held for %v", time.Since(before))
		}
	})
}

func TestWhatIsPutIsKept(t *testing.T) {
	h := new(Handler)
	if status, _ := ask(t, h, http.MethodGet, "/kept", ""); status != http.StatusNotFound {
		t.Errorf("at first: status %d", status)
	}
	for _, text := range []string{"one", "two"} {
		if status, _ := ask(t, h, http.MethodPut, "/kept", text); status != http.StatusNoContent {
			t.Errorf("PUT: status %d", status)
		}
		if _, got := ask(t, h, http.MethodGet, "/kept", ""); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	if status, _ := ask(t, h, http.MethodPut, "/kept", strings.Repeat("a", maxKept+1)); status != http.StatusBadRequest {
		t.Errorf("too much: status %d", status)
	}
}
