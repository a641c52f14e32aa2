package basicauth

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// users are the examples of Apache's documentation; each password is myPassword.
const users = `# the users
bcrypt:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC
apr1:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/
sha:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=

sha:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=
`

func newFilter(t *testing.T) *Filter {
	t.Helper()
	f, err := New(&ir.BasicAuth{Users: ir.Secret(users), Realm: "shop"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func say(f *Filter, authorization string) *filter.Answer {
	x := &filter.Exchange{Request: new(wire.Request)}
	if authorization != "" {
		x.Request.Header.Add("Authorization", []byte(authorization))
	}
	return f.OnRequestHead(x)
}

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

func TestWhoMayPass(t *testing.T) {
	f := newFilter(t)
	for name, tt := range map[string]struct {
		authorization string
		passes        bool
	}{
		"bcrypt":                        {basic("bcrypt", "myPassword"), true},
		"bcrypt, wrong":                 {basic("bcrypt", "mypassword"), false},
		"apr1":                          {basic("apr1", "myPassword"), true},
		"apr1, wrong":                   {basic("apr1", "myPasswor"), false},
		"SHA":                           {basic("sha", "myPassword"), true},
		"SHA, wrong":                    {basic("sha", ""), false},
		"a scheme in lower case":        {strings.Replace(basic("sha", "myPassword"), "Basic", "basic", 1), true},
		"nobody":                        {"", false},
		"a name that is not there":      {basic("other", "myPassword"), false},
		"no name":                       {basic("", "myPassword"), false},
		"no colon":                      {"Basic " + base64.StdEncoding.EncodeToString([]byte("sha")), false},
		"no base 64":                    {"Basic !", false},
		"another scheme":                {"Bearer " + base64.StdEncoding.EncodeToString([]byte("sha:myPassword")), false},
		"a password of a thousand":      {basic("bcrypt", strings.Repeat("a", 700)), false},
		"credentials beyond the bound":  {basic("sha", strings.Repeat("a", 2000)), false},
		"a password that is a hash":     {basic("sha", "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="), false},
		"a password with a colon in it": {basic("sha", "my:Password"), false},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // The second time from memory.
				a := say(f, tt.authorization)
				if (a == nil) != tt.passes {
					t.Fatalf("got %+v", a)
				}
				if a != nil && (a.Status != 401 || a.Header[0].Value != `Basic realm="shop", charset="UTF-8"`) {
					t.Errorf("got %+v", a)
				}
			}
		})
	}
}

func TestUsersThatCannotBeUsedAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nobody":             "# none\n",
		"no hash":            "name",
		"no name":            ":{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=",
		"a plain password":   "name:myPassword",
		"a broken bcrypt":    "name:$2y$05$short",
		"a broken apr1":      "name:$apr1$salt",
		"a broken SHA":       "name:{SHA}AAAA",
		"DES crypt":          "name:rqXexS6ZhobKA",
		"one bad among good": users + "name:secret\n",
	} {
		_, err := New(&ir.BasicAuth{Users: ir.Secret(text)}, nil)
		if err == nil {
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), "myPassword") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the secret: %v", name, err)
		}
	}
}

func TestAStrangerTakesAsLongAsTheSlowestUser(t *testing.T) {
	f := newFilter(t)
	if _, ok := f.memory.stranger.(bcryptHash); !ok {
		t.Errorf("a name that is not there is checked by %T", f.memory.stranger)
	}
}

func TestRightPasswordsAreRememberedUpToABound(t *testing.T) {
	f := newFilter(t)
	for i := range maxRemembered + 10 {
		f.memory.users["u"+strconv.Itoa(i)] = f.memory.users["sha"]
		if say(f, basic("u"+strconv.Itoa(i), "myPassword")) != nil {
			t.Fatal("refused")
		}
	}
	if n := len(f.memory.known); n != maxRemembered {
		t.Errorf("%d are remembered", n)
	}
}

func FuzzUsers(f *testing.F) {
	f.Add([]byte(users))
	f.Fuzz(func(t *testing.T, text []byte) {
		made, err := New(&ir.BasicAuth{Users: text}, nil)
		if err == nil && len(made.memory.users) == 0 {
			t.Error("a filter without users was made")
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add([]byte(basic("a", "b")))
	f.Fuzz(func(t *testing.T, field []byte) {
		name, _, ok := credentials(field)
		if ok && strings.Contains(string(name), ":") {
			t.Errorf("the name is %q", name)
		}
	})
}

// counting is a hash that counts how often it is looked at.
type counting struct {
	hash
	looks *int
}

func (c counting) matches(password []byte) bool {
	*c.looks++
	return c.hash.matches(password)
}

// TestPasswordsAreRememberedAcrossFilters makes filters of the same and of other users, as new tables do.
func TestPasswordsAreRememberedAcrossFilters(t *testing.T) {
	var registry Registry
	looks := 0
	filterOf := func(text, realm string) *Filter {
		f, err := New(&ir.BasicAuth{Users: ir.Secret(text), Realm: realm}, &registry)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := filterOf(users, "shop")
	first.memory.users["sha"] = counting{first.memory.users["sha"], &looks}
	if say(first, basic("sha", "myPassword")) != nil || looks != 1 {
		t.Fatalf("refused, or looked %d times", looks)
	}
	second := filterOf(users, "another")
	first.Release()
	if say(second, basic("sha", "myPassword")) != nil || looks != 1 {
		t.Errorf("refused, or looked %d times", looks)
	}
	changed := strings.Replace(users, "sha:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", "", 1)
	third := filterOf(changed, "shop")
	second.Release()
	if say(third, basic("sha", "myPassword")) == nil {
		t.Error("a password that was taken away is good still")
	}
	if say(third, basic("apr1", "myPassword")) != nil {
		t.Error("a password that stayed is refused")
	}
	third.Release()
	if n := registry.shared.Len(); n != 0 {
		t.Errorf("%d lists of users are left", n)
	}
	if _, err := New(&ir.BasicAuth{Users: ir.Secret("none")}, &registry); err == nil || registry.shared.Len() != 0 {
		t.Errorf("got %v, and a list is kept", err)
	}
}
