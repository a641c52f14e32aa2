package ir

import (
	"bytes"
	"errors"
	"flag"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func dump(t *testing.T, c *Config) string {
	t.Helper()
	var b bytes.Buffer
	if err := Dump(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDumpIsTheGoldenText(t *testing.T) {
	const golden = "testdata/dump.txt"
	got := dump(t, sample())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the dump differs (-want +got):\n%s", diff)
	}
}

func TestDumpHidesPrivateKeys(t *testing.T) {
	c := sample()
	for _, text := range []string{dump(t, c), c.Certificates[0].KeyPEM.String(), c.Certificates[0].KeyPEM.GoString()} {
		if strings.Contains(text, "the private key") {
			t.Errorf("the key is printed in %q", text)
		}
	}
}

func TestDumpReturnsTheWritersError(t *testing.T) {
	if err := Dump(full{}, sample()); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestDumpCannotBeForgedByNames(t *testing.T) {
	c := &Config{Upstreams: []Upstream{{Key: "a\nupstream b", Endpoints: "x y"}}}
	if got := dump(t, c); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"a\nupstream b" endpoints="x y"`) {
		t.Errorf("got %q", got)
	}
}

// TestDumpShowsEveryField changes each field of the sample in turn and asks
// for another text, so that a field added to the model cannot be left out of
// the dump. PEM texts are the exception: their fingerprint stands for them.
func TestDumpShowsEveryField(t *testing.T) {
	want := dump(t, sample())
	changes := 0
	for i := 0; ; i++ {
		c := sample()
		path, ok := changeLeaf(reflect.ValueOf(c).Elem(), "", &counter{skip: i})
		if !ok {
			break
		}
		changes++
		if strings.HasSuffix(path, "PEM") {
			continue
		}
		if dump(t, c) == want {
			t.Errorf("the dump does not show %s", path)
		}
		if Equal(c, sample()) {
			t.Errorf("Equal does not see %s", path)
		}
	}
	if changes < 50 {
		t.Errorf("only %d fields were changed", changes)
	}
}

type counter struct{ skip int }

// changeLeaf changes the leaf that is skip leaves away, and returns its path.
func changeLeaf(v reflect.Value, path string, c *counter) (string, bool) {
	if v.Type() == reflect.TypeFor[netip.Prefix]() {
		if c.skip > 0 {
			c.skip--
			return "", false
		}
		v.Set(reflect.ValueOf(netip.MustParsePrefix("198.51.100.0/24")))
		return path, true
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if p, ok := changeLeaf(v.Field(i), path+"."+v.Type().Field(i).Name, c); ok {
				return p, true
			}
		}
		return "", false
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		for i := range v.Len() {
			if p, ok := changeLeaf(v.Index(i), path, c); ok {
				return p, true
			}
		}
		return "", false
	case reflect.Interface, reflect.Pointer:
		return changeLeaf(v.Elem(), path, c)
	}
	if c.skip > 0 {
		c.skip--
		return "", false
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		v.SetBytes([]byte("x"))
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(v.Uint() + 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		panic("a leaf of kind " + v.Kind().String())
	}
	return path, true
}
