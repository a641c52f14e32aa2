package main

import (
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository is the root, seen from this package.
const repository = "../.."

// documents returns the pages that people read, by path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := make(map[string]string)
	root := os.DirFS(repository)
	read := func(name string) {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = string(text)
	}
	read("README.md")
	err := fs.WalkDir(root, "docs", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".md") {
			read(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

var console = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// sample is a command in a page with what it prints.
type sample struct{ command, output string }

// samples returns the commands of a ```console block: lines that begin with
// "$ ", each followed by all that it writes, and by "# exit code 1" where it fails.
func samples(t *testing.T, block string) []sample {
	t.Helper()
	parts := strings.Split("\n"+block, "\n$ ")
	if strings.TrimSpace(parts[0]) != "" {
		t.Errorf("a console block begins with %q instead of a command", parts[0])
	}
	var found []sample
	for _, part := range parts[1:] {
		command, output, _ := strings.Cut(part, "\n")
		found = append(found, sample{command, strings.TrimSuffix(output, "\n")})
	}
	return found
}

// TestDocumentsShowWhatIsPrinted runs every command of a console block in the
// repository's root and compares what it writes; -update writes it into the page.
func TestDocumentsShowWhatIsPrinted(t *testing.T) {
	count := 0
	for name, page := range documents(t) {
		written := console.ReplaceAllStringFunc(page, func(text string) string {
			var block strings.Builder
			for _, s := range samples(t, console.FindStringSubmatch(text)[1]) {
				count++
				got := printed(t, s.command)
				if diff := cmp.Diff(s.output, got); diff != "" && !*update {
					t.Errorf("%s: `%s` prints something else than the page says (-page +program):\n%s", name, s.command, diff)
				}
				block.WriteString("$ " + s.command + "\n" + got + "\n")
			}
			return "```console\n" + block.String() + "```"
		})
		if *update && written != page {
			if err := os.WriteFile(filepath.Join(repository, name), []byte(written), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if count == 0 {
		t.Error("no page shows a command")
	}
}

// printed returns what a command writes in the repository's root.
func printed(t *testing.T, command string) string {
	t.Helper()
	if !strings.HasPrefix(command, "sluice ") {
		t.Errorf("%q: only sluice can be run here; put other commands into a sh block", command)
		return ""
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = repository
	out, err := cmd.CombinedOutput()
	text := strings.TrimRight(string(out), "\n")
	if err != nil {
		text += strings.Replace("\n# "+err.Error(), "exit status", "exit code", 1)
	}
	return text
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocumentsLinkToWhatIsThere follows the links within the repository.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	pages := documents(t)
	for name, page := range pages {
		for _, found := range link.FindAllStringSubmatch(page, -1) {
			target, err := url.Parse(found[1])
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if target.Scheme != "" {
				continue
			}
			file := name
			if target.Path != "" {
				file = filepath.Join(filepath.Dir(name), target.Path)
			}
			if _, err := os.Stat(filepath.Join(repository, file)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, found[1])
			}
			if target.Fragment != "" && !slices.Contains(anchors(pages[file]), target.Fragment) {
				t.Errorf("%s links to %s, which has no such heading", name, found[1])
			}
		}
	}
}

// TestDocumentsHoldNoConflict looks for what a merge leaves where nobody has decided.
func TestDocumentsHoldNoConflict(t *testing.T) {
	for name, page := range documents(t) {
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
				t.Errorf("%s holds %q", name, line)
			}
		}
	}
}

var (
	heading     = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors returns the names of a page's headings, as GitHub makes them.
func anchors(page string) []string {
	var names []string
	for _, found := range heading.FindAllStringSubmatch(page, -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(found[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// TestEachPageCanBeFound wants every page linked from the README or from a page
// that is.
func TestEachPageCanBeFound(t *testing.T) {
	pages := documents(t)
	reached := map[string]bool{"README.md": true}
	for queue := []string{"README.md"}; len(queue) > 0; queue = queue[1:] {
		for _, found := range link.FindAllStringSubmatch(pages[queue[0]], -1) {
			path, _, _ := strings.Cut(found[1], "#")
			file := filepath.Join(filepath.Dir(queue[0]), path)
			if _, page := pages[file]; page && !reached[file] {
				reached[file] = true
				queue = append(queue, file)
			}
		}
	}
	for name := range pages {
		if !reached[name] {
			t.Errorf("no page that can be reached from README.md links to %s", name)
		}
	}
}

// words returns the words in a Go file that the group "word" of a pattern
// matches, each with the status of the group "status" where there is one.
func words(t *testing.T, file, pattern string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(pattern)
	found := make(map[string]string)
	for _, m := range re.FindAllStringSubmatch(string(text), -1) {
		status := ""
		if i := re.SubexpIndex("status"); i >= 0 {
			status = m[i]
		}
		found[m[re.SubexpIndex("word")]] = status
	}
	if len(found) == 0 {
		t.Fatalf("%s has nothing like %s", file, pattern)
	}
	return found
}

// filterWords returns the words of the answers that filters give.
func filterWords(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	files, err := filepath.Glob("../../pkg/filter/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(string(text), "Reason: ") {
			continue
		}
		maps.Copy(found, words(t, strings.TrimPrefix(file, "../../"), `Reason: +"(?<word>[a-z0-9_]+)"`))
	}
	return found
}

// section returns the text below a heading up to the next one of its level.
func section(t *testing.T, page, title string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+title+"\n")
	if !found {
		t.Fatalf("there is no section %q", title)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

var row = regexp.MustCompile("(?m)^\\| `([A-Za-z0-9_-]+)` \\| ([0-9]{3})?")

// TestTroubleshootingKnowsEveryReason compares the words that the page explains,
// and their status where the code has it, with those in the code.
func TestTroubleshootingKnowsEveryReason(t *testing.T) {
	page := documents(t)["docs/troubleshooting.md"]
	tests := map[string]struct {
		title string
		want  []map[string]string
	}{
		"words of answers": {"Every reason", []map[string]string{
			words(t, "pkg/proxy/fault.go", `fault\{(?:status: (?<status>[0-9]+), )?reason: "(?<word>[a-z0-9_]+)"`),
			words(t, "pkg/proxy/shed.go", `fault\{status: (?<status>[0-9]+), reason: "(?<word>[a-z0-9_]+)"`),
			words(t, "pkg/proxy/exchange.go", `reason :?= "(?<word>[a-z0-9_]+)"`),
			words(t, "pkg/proxy/packets.go", `StreamBroken\("(?<word>[a-z0-9_]+)"\)`),
			words(t, "pkg/table/compile_route.go", `reasonBackend = "(?<word>[a-z0-9_]+)"`),
			words(t, "pkg/table/version.go", `ReasonVersion = "(?<word>[a-z0-9_]+)"`),
			filterWords(t),
		}},
		"words of refusals": {"Every refusal", []map[string]string{
			words(t, "pkg/wire/h1/error.go", `&Error\{(?<status>[0-9]+), "(?<word>[a-z0-9-]+)"\}`),
			words(t, "pkg/wire/section/error.go", `&Error\{(?<status>[0-9]+), "(?<word>[a-z0-9-]+)"\}`),
		}},
		"ends of connections": {"Every end of an HTTP/2 connection", []map[string]string{
			words(t, "pkg/wire/h2/error.go", `&ConnError\{\w+, "(?<word>[a-z0-9-]+)"\}`),
			words(t, "pkg/wire/h2/headers.go", `&ConnError\{\w+, "(?<word>[a-z0-9-]+)"\}`),
		}},
		"words of complaints": {"Every complaint about an object", []map[string]string{
			words(t, "pkg/report/fact.go", `Reason = "(?<word>\w+)"`),
			words(t, "pkg/report/gateway.go", `Reason = "(?<word>\w+)"`),
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := make(map[string]string)
			for _, found := range tt.want {
				maps.Copy(want, found)
			}
			explained := make(map[string]string)
			for _, m := range row.FindAllStringSubmatch(section(t, page, tt.title), -1) {
				word, status := m[1], m[2]
				explained[word] = status
				if in, known := want[word]; known && in == "" {
					want[word] = status
				}
			}
			if diff := cmp.Diff(want, explained); diff != "" {
				t.Errorf("the page explains other words than the code has (-code +page):\n%s", diff)
			}
		})
	}
}
