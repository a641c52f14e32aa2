package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/app"
)

// headerFlag collects -H lines.
type headerFlag []string

func (h *headerFlag) String() string     { return strings.Join(*h, ", ") }
func (h *headerFlag) Set(s string) error { *h = append(*h, s); return nil }

// runExplain says why a request goes where it does: by the manifests of a
// folder, or by what a running process serves.
func runExplain(p *program, args []string) int {
	o := app.DefaultOptions()
	set := flag.NewFlagSet("explain", flag.ContinueOnError)
	dir := set.String("f", "", "the folder with the manifests")
	method := set.String("X", "GET", "the request's method")
	listener := set.String("L", "", "the listener that the request comes in at, such as NAMESPACE/GATEWAY:PORT")
	asJSON := set.Bool("json", false, "print JSON")
	address := set.String("admin-addr", o.AdminAddr, "where a running process serves its admin API, without -f")
	class := set.String("ingress-class", "", "with -f, serve the objects of this class alone")
	var header headerFlag
	set.Var(&header, "H", "a header line, such as 'Name: value'; may be given several times")
	help := func(out io.Writer) {
		fmt.Fprintf(out, "%s explain [-f DIR [--ingress-class NAME]] [-L LISTENER] [-X METHOD] [-H 'Name: value']... [--json] [--admin-addr ADDRESS] URL\n\n"+
			"Says which listener, certificate, host, route and endpoints a request gets, and why not the others:\n"+
			"by the manifests below DIR, or else by what the process at --admin-addr serves.\n", p.name)
	}
	arguments, code, done := p.parse(set, args, 1, help)
	if done {
		return code
	}
	q, err := admin.ParseQuestion(arguments[0], *method, header)
	if err != nil {
		fmt.Fprintf(p.stderr, "%s explain: %v\n", p.name, err)
		return exitUsage
	}
	if *class != "" {
		if *dir == "" {
			fmt.Fprintf(p.stderr, "%s explain: --ingress-class goes with -f alone\n", p.name)
			return exitUsage
		}
		o.IngressClasses = []string{*class}
	}
	q.Listener = *listener
	var answer *admin.Answer
	if *dir != "" {
		answer, err = explainOffline(*dir, p.stdin, o, q)
	} else {
		answer, err = explainOnline(p.ctx, *address, arguments[0], *listener, *method, header)
	}
	if err != nil {
		return p.fail("explain", err)
	}
	if *asJSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(answer)
	} else {
		err = printAnswer(p.stdout, q, answer)
	}
	if err != nil {
		return p.fail("explain", err)
	}
	return exitDone
}

func explainOffline(dir string, stdin io.Reader, o app.Options, q admin.Question) (*admin.Answer, error) {
	offline, err := app.OpenOffline(dir, stdin, o)
	if err != nil {
		return nil, err
	}
	defer offline.Close()
	return offline.Explain(q)
}

// explainOnline asks the admin API of a running process.
func explainOnline(ctx context.Context, address, rawURL, listener, method string, header []string) (*admin.Answer, error) {
	query := url.Values{"url": {rawURL}, "listener": {listener}, "method": {method}, "header": header}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/explain?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("no running process answers (give -f DIR to ask manifests instead): %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s", strings.TrimSpace(string(body)))
	}
	var answer admin.Answer
	return &answer, json.Unmarshal(body, &answer)
}
